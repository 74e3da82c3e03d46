// How upstream's server holds claims for devices inside: the fields that its messages show, in order.
// Facts: k8s.io/kubernetes/pkg/apis/resource.

import { type Shapes, structValue } from '../../../machinery/go/struct-json.ts'

const DEVICE_SHAPES: Shapes = {
  ResourceClaimTemplateSpec: '?labels:{}s ?annotations:{}s Spec:ResourceClaimSpec',
  ResourceClaimSpec: 'Devices:DeviceClaim',
  DeviceClaim: 'Requests:[]DeviceRequest Constraints:[]DeviceConstraint Config:[]DeviceClaimConfiguration',
  DeviceRequest: 'Name Exactly:*ExactDeviceRequest FirstAvailable:[]DeviceSubRequest',
  ExactDeviceRequest:
    'DeviceClassName Selectors:[]DeviceSelector AllocationMode Count:i AdminAccess:*b Tolerations:[]DeviceToleration Capacity:*CapacityRequirements',
  DeviceSubRequest:
    'Name DeviceClassName Selectors:[]DeviceSelector AllocationMode Count:i Tolerations:[]DeviceToleration Capacity:*CapacityRequirements',
  CapacityRequirements: 'Requests:{}q',
  DeviceSelector: 'CEL:*CELDeviceSelector',
  CELDeviceSelector: 'Expression',
  DeviceConstraint: 'Requests:[]s MatchAttribute:*s DistinctAttribute:*s',
  DeviceClaimConfiguration: 'Requests:[]s Opaque:*OpaqueDeviceConfiguration',
  OpaqueDeviceConfiguration: 'Driver Parameters:j',
  DeviceToleration: 'Key Operator Value Effect TolerationSeconds:*i',
  AllocationResult: 'Devices:DeviceAllocationResult NodeSelector:*NodeSelector AllocationTimestamp:*s',
  DeviceAllocationResult: 'Results:[]DeviceRequestAllocationResult Config:[]DeviceAllocationConfiguration',
  DeviceRequestAllocationResult:
    'Request Driver Pool Device AdminAccess:*b Tolerations:[]DeviceToleration BindingConditions:[]s BindingFailureConditions:[]s ShareID:*s ConsumedCapacity:{}q',
  DeviceAllocationConfiguration: 'Source Requests:[]s Opaque:*OpaqueDeviceConfiguration',
  NodeSelector: 'NodeSelectorTerms:[]NodeSelectorTerm',
  NodeSelectorTerm: 'MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement',
  NodeSelectorRequirement: 'Key Operator Values:[]s',
  DeviceAttribute:
    'IntValue=int:*i BoolValue=bool:*b StringValue=string:*s VersionValue=version:*s IntValues=ints:[]i BoolValues=bools:[]b StringValues=strings:[]s VersionValues=versions:[]s',
}

/** A struct of upstream's server, as its messages show it. */
export function deviceValue(type: string, value: object): unknown {
  return structValue(DEVICE_SHAPES, type, value)
}
