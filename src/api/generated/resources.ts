// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.
import { type ResourceRef, resourceRef } from '../resource-ref.ts'
import type { ConfigMap as CoreV1ConfigMap, Endpoints as CoreV1Endpoints, Event as CoreV1Event, LimitRange as CoreV1LimitRange, Namespace as CoreV1Namespace, Node as CoreV1Node, PersistentVolumeClaim as CoreV1PersistentVolumeClaim, PersistentVolume as CoreV1PersistentVolume, Pod as CoreV1Pod, PodTemplate as CoreV1PodTemplate, ReplicationController as CoreV1ReplicationController, ResourceQuota as CoreV1ResourceQuota, Secret as CoreV1Secret, ServiceAccount as CoreV1ServiceAccount, Service as CoreV1Service } from './core-v1.ts'
import type { MutatingAdmissionPolicy as AdmissionregistrationV1MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding as AdmissionregistrationV1MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration as AdmissionregistrationV1MutatingWebhookConfiguration, ValidatingAdmissionPolicy as AdmissionregistrationV1ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding as AdmissionregistrationV1ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration as AdmissionregistrationV1ValidatingWebhookConfiguration } from './admissionregistration-v1.ts'
import type { CustomResourceDefinition as ApiextensionsV1CustomResourceDefinition } from './apiextensions-v1.ts'
import type { APIService as ApiregistrationV1APIService } from './apiregistration-v1.ts'
import type { ControllerRevision as AppsV1ControllerRevision, DaemonSet as AppsV1DaemonSet, Deployment as AppsV1Deployment, ReplicaSet as AppsV1ReplicaSet, StatefulSet as AppsV1StatefulSet } from './apps-v1.ts'
import type { HorizontalPodAutoscaler as AutoscalingV1HorizontalPodAutoscaler } from './autoscaling-v1.ts'
import type { HorizontalPodAutoscaler as AutoscalingV2HorizontalPodAutoscaler } from './autoscaling-v2.ts'
import type { CronJob as BatchV1CronJob, Job as BatchV1Job } from './batch-v1.ts'
import type { CertificateSigningRequest as CertificatesV1CertificateSigningRequest } from './certificates-v1.ts'
import type { Lease as CoordinationV1Lease } from './coordination-v1.ts'
import type { EndpointSlice as DiscoveryV1EndpointSlice } from './discovery-v1.ts'
import type { Event as EventsV1Event } from './events-v1.ts'
import type { FlowSchema as FlowcontrolV1FlowSchema, PriorityLevelConfiguration as FlowcontrolV1PriorityLevelConfiguration } from './flowcontrol-v1.ts'
import type { IngressClass as NetworkingV1IngressClass, Ingress as NetworkingV1Ingress, IPAddress as NetworkingV1IPAddress, NetworkPolicy as NetworkingV1NetworkPolicy, ServiceCIDR as NetworkingV1ServiceCIDR } from './networking-v1.ts'
import type { RuntimeClass as NodeV1RuntimeClass } from './node-v1.ts'
import type { PodDisruptionBudget as PolicyV1PodDisruptionBudget } from './policy-v1.ts'
import type { ClusterRoleBinding as RbacV1ClusterRoleBinding, ClusterRole as RbacV1ClusterRole, RoleBinding as RbacV1RoleBinding, Role as RbacV1Role } from './rbac-v1.ts'
import type { DeviceClass as ResourceV1DeviceClass, ResourceClaim as ResourceV1ResourceClaim, ResourceClaimTemplate as ResourceV1ResourceClaimTemplate, ResourceSlice as ResourceV1ResourceSlice } from './resource-v1.ts'
import type { PriorityClass as SchedulingV1PriorityClass } from './scheduling-v1.ts'
import type { CSIDriver as StorageV1CSIDriver, CSINode as StorageV1CSINode, CSIStorageCapacity as StorageV1CSIStorageCapacity, StorageClass as StorageV1StorageClass, VolumeAttachment as StorageV1VolumeAttachment, VolumeAttributesClass as StorageV1VolumeAttributesClass } from './storage-v1.ts'

export const configmaps: ResourceRef<CoreV1ConfigMap> = resourceRef({ group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true })
export const endpoints: ResourceRef<CoreV1Endpoints> = resourceRef({ group: "", version: "v1", resource: "endpoints", kind: "Endpoints", namespaced: true })
export const events: ResourceRef<CoreV1Event> = resourceRef({ group: "", version: "v1", resource: "events", kind: "Event", namespaced: true })
export const limitranges: ResourceRef<CoreV1LimitRange> = resourceRef({ group: "", version: "v1", resource: "limitranges", kind: "LimitRange", namespaced: true })
export const namespaces: ResourceRef<CoreV1Namespace> = resourceRef({ group: "", version: "v1", resource: "namespaces", kind: "Namespace", namespaced: false })
export const nodes: ResourceRef<CoreV1Node> = resourceRef({ group: "", version: "v1", resource: "nodes", kind: "Node", namespaced: false })
export const persistentvolumeclaims: ResourceRef<CoreV1PersistentVolumeClaim> = resourceRef({ group: "", version: "v1", resource: "persistentvolumeclaims", kind: "PersistentVolumeClaim", namespaced: true })
export const persistentvolumes: ResourceRef<CoreV1PersistentVolume> = resourceRef({ group: "", version: "v1", resource: "persistentvolumes", kind: "PersistentVolume", namespaced: false })
export const pods: ResourceRef<CoreV1Pod> = resourceRef({ group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true })
export const podtemplates: ResourceRef<CoreV1PodTemplate> = resourceRef({ group: "", version: "v1", resource: "podtemplates", kind: "PodTemplate", namespaced: true })
export const replicationcontrollers: ResourceRef<CoreV1ReplicationController> = resourceRef({ group: "", version: "v1", resource: "replicationcontrollers", kind: "ReplicationController", namespaced: true })
export const resourcequotas: ResourceRef<CoreV1ResourceQuota> = resourceRef({ group: "", version: "v1", resource: "resourcequotas", kind: "ResourceQuota", namespaced: true })
export const secrets: ResourceRef<CoreV1Secret> = resourceRef({ group: "", version: "v1", resource: "secrets", kind: "Secret", namespaced: true })
export const serviceaccounts: ResourceRef<CoreV1ServiceAccount> = resourceRef({ group: "", version: "v1", resource: "serviceaccounts", kind: "ServiceAccount", namespaced: true })
export const services: ResourceRef<CoreV1Service> = resourceRef({ group: "", version: "v1", resource: "services", kind: "Service", namespaced: true })
export const mutatingadmissionpolicies: ResourceRef<AdmissionregistrationV1MutatingAdmissionPolicy> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "mutatingadmissionpolicies", kind: "MutatingAdmissionPolicy", namespaced: false })
export const mutatingadmissionpolicybindings: ResourceRef<AdmissionregistrationV1MutatingAdmissionPolicyBinding> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "mutatingadmissionpolicybindings", kind: "MutatingAdmissionPolicyBinding", namespaced: false })
export const mutatingwebhookconfigurations: ResourceRef<AdmissionregistrationV1MutatingWebhookConfiguration> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "mutatingwebhookconfigurations", kind: "MutatingWebhookConfiguration", namespaced: false })
export const validatingadmissionpolicies: ResourceRef<AdmissionregistrationV1ValidatingAdmissionPolicy> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "validatingadmissionpolicies", kind: "ValidatingAdmissionPolicy", namespaced: false })
export const validatingadmissionpolicybindings: ResourceRef<AdmissionregistrationV1ValidatingAdmissionPolicyBinding> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "validatingadmissionpolicybindings", kind: "ValidatingAdmissionPolicyBinding", namespaced: false })
export const validatingwebhookconfigurations: ResourceRef<AdmissionregistrationV1ValidatingWebhookConfiguration> = resourceRef({ group: "admissionregistration.k8s.io", version: "v1", resource: "validatingwebhookconfigurations", kind: "ValidatingWebhookConfiguration", namespaced: false })
export const customresourcedefinitions: ResourceRef<ApiextensionsV1CustomResourceDefinition> = resourceRef({ group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions", kind: "CustomResourceDefinition", namespaced: false })
export const apiservices: ResourceRef<ApiregistrationV1APIService> = resourceRef({ group: "apiregistration.k8s.io", version: "v1", resource: "apiservices", kind: "APIService", namespaced: false })
export const controllerrevisions: ResourceRef<AppsV1ControllerRevision> = resourceRef({ group: "apps", version: "v1", resource: "controllerrevisions", kind: "ControllerRevision", namespaced: true })
export const daemonsets: ResourceRef<AppsV1DaemonSet> = resourceRef({ group: "apps", version: "v1", resource: "daemonsets", kind: "DaemonSet", namespaced: true })
export const deployments: ResourceRef<AppsV1Deployment> = resourceRef({ group: "apps", version: "v1", resource: "deployments", kind: "Deployment", namespaced: true })
export const replicasets: ResourceRef<AppsV1ReplicaSet> = resourceRef({ group: "apps", version: "v1", resource: "replicasets", kind: "ReplicaSet", namespaced: true })
export const statefulsets: ResourceRef<AppsV1StatefulSet> = resourceRef({ group: "apps", version: "v1", resource: "statefulsets", kind: "StatefulSet", namespaced: true })
export const horizontalpodautoscalers: ResourceRef<AutoscalingV1HorizontalPodAutoscaler> = resourceRef({ group: "autoscaling", version: "v1", resource: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true })
export const horizontalpodautoscalersAutoscalingV2: ResourceRef<AutoscalingV2HorizontalPodAutoscaler> = resourceRef({ group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true })
export const cronjobs: ResourceRef<BatchV1CronJob> = resourceRef({ group: "batch", version: "v1", resource: "cronjobs", kind: "CronJob", namespaced: true })
export const jobs: ResourceRef<BatchV1Job> = resourceRef({ group: "batch", version: "v1", resource: "jobs", kind: "Job", namespaced: true })
export const certificatesigningrequests: ResourceRef<CertificatesV1CertificateSigningRequest> = resourceRef({ group: "certificates.k8s.io", version: "v1", resource: "certificatesigningrequests", kind: "CertificateSigningRequest", namespaced: false })
export const leases: ResourceRef<CoordinationV1Lease> = resourceRef({ group: "coordination.k8s.io", version: "v1", resource: "leases", kind: "Lease", namespaced: true })
export const endpointslices: ResourceRef<DiscoveryV1EndpointSlice> = resourceRef({ group: "discovery.k8s.io", version: "v1", resource: "endpointslices", kind: "EndpointSlice", namespaced: true })
export const eventsEventsV1: ResourceRef<EventsV1Event> = resourceRef({ group: "events.k8s.io", version: "v1", resource: "events", kind: "Event", namespaced: true })
export const flowschemas: ResourceRef<FlowcontrolV1FlowSchema> = resourceRef({ group: "flowcontrol.apiserver.k8s.io", version: "v1", resource: "flowschemas", kind: "FlowSchema", namespaced: false })
export const prioritylevelconfigurations: ResourceRef<FlowcontrolV1PriorityLevelConfiguration> = resourceRef({ group: "flowcontrol.apiserver.k8s.io", version: "v1", resource: "prioritylevelconfigurations", kind: "PriorityLevelConfiguration", namespaced: false })
export const ingressclasses: ResourceRef<NetworkingV1IngressClass> = resourceRef({ group: "networking.k8s.io", version: "v1", resource: "ingressclasses", kind: "IngressClass", namespaced: false })
export const ingresses: ResourceRef<NetworkingV1Ingress> = resourceRef({ group: "networking.k8s.io", version: "v1", resource: "ingresses", kind: "Ingress", namespaced: true })
export const ipaddresses: ResourceRef<NetworkingV1IPAddress> = resourceRef({ group: "networking.k8s.io", version: "v1", resource: "ipaddresses", kind: "IPAddress", namespaced: false })
export const networkpolicies: ResourceRef<NetworkingV1NetworkPolicy> = resourceRef({ group: "networking.k8s.io", version: "v1", resource: "networkpolicies", kind: "NetworkPolicy", namespaced: true })
export const servicecidrs: ResourceRef<NetworkingV1ServiceCIDR> = resourceRef({ group: "networking.k8s.io", version: "v1", resource: "servicecidrs", kind: "ServiceCIDR", namespaced: false })
export const runtimeclasses: ResourceRef<NodeV1RuntimeClass> = resourceRef({ group: "node.k8s.io", version: "v1", resource: "runtimeclasses", kind: "RuntimeClass", namespaced: false })
export const poddisruptionbudgets: ResourceRef<PolicyV1PodDisruptionBudget> = resourceRef({ group: "policy", version: "v1", resource: "poddisruptionbudgets", kind: "PodDisruptionBudget", namespaced: true })
export const clusterrolebindings: ResourceRef<RbacV1ClusterRoleBinding> = resourceRef({ group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings", kind: "ClusterRoleBinding", namespaced: false })
export const clusterroles: ResourceRef<RbacV1ClusterRole> = resourceRef({ group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterroles", kind: "ClusterRole", namespaced: false })
export const rolebindings: ResourceRef<RbacV1RoleBinding> = resourceRef({ group: "rbac.authorization.k8s.io", version: "v1", resource: "rolebindings", kind: "RoleBinding", namespaced: true })
export const roles: ResourceRef<RbacV1Role> = resourceRef({ group: "rbac.authorization.k8s.io", version: "v1", resource: "roles", kind: "Role", namespaced: true })
export const deviceclasses: ResourceRef<ResourceV1DeviceClass> = resourceRef({ group: "resource.k8s.io", version: "v1", resource: "deviceclasses", kind: "DeviceClass", namespaced: false })
export const resourceclaims: ResourceRef<ResourceV1ResourceClaim> = resourceRef({ group: "resource.k8s.io", version: "v1", resource: "resourceclaims", kind: "ResourceClaim", namespaced: true })
export const resourceclaimtemplates: ResourceRef<ResourceV1ResourceClaimTemplate> = resourceRef({ group: "resource.k8s.io", version: "v1", resource: "resourceclaimtemplates", kind: "ResourceClaimTemplate", namespaced: true })
export const resourceslices: ResourceRef<ResourceV1ResourceSlice> = resourceRef({ group: "resource.k8s.io", version: "v1", resource: "resourceslices", kind: "ResourceSlice", namespaced: false })
export const priorityclasses: ResourceRef<SchedulingV1PriorityClass> = resourceRef({ group: "scheduling.k8s.io", version: "v1", resource: "priorityclasses", kind: "PriorityClass", namespaced: false })
export const csidrivers: ResourceRef<StorageV1CSIDriver> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "csidrivers", kind: "CSIDriver", namespaced: false })
export const csinodes: ResourceRef<StorageV1CSINode> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "csinodes", kind: "CSINode", namespaced: false })
export const csistoragecapacities: ResourceRef<StorageV1CSIStorageCapacity> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "csistoragecapacities", kind: "CSIStorageCapacity", namespaced: true })
export const storageclasses: ResourceRef<StorageV1StorageClass> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "storageclasses", kind: "StorageClass", namespaced: false })
export const volumeattachments: ResourceRef<StorageV1VolumeAttachment> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "volumeattachments", kind: "VolumeAttachment", namespaced: false })
export const volumeattributesclasses: ResourceRef<StorageV1VolumeAttributesClass> = resourceRef({ group: "storage.k8s.io", version: "v1", resource: "volumeattributesclasses", kind: "VolumeAttributesClass", namespaced: false })
