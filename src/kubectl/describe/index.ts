// `kubectl describe`: which describer describes which kind.
// Model: k8s.io/kubectl/pkg/describe.

import { groupOf, type KubeObject } from '../object.ts'
import { describeAutoscaler } from './autoscaling.ts'
import { describeCertificateSigningRequest } from './certificate.ts'
import { describeConfigMap, describeSecret, describeServiceAccount } from './config.ts'
import type { DescribeOptions, DescribeReader, Describer } from './describer.ts'
import { describeGeneric } from './generic.ts'
import { describeCronJob, describeJob } from './jobs.ts'
import { describeLimitRange, describeNamespace, describeResourceQuota } from './namespace.ts'
import { describeNetworkPolicy } from './network-policy.ts'
import { describeIngress, describeIngressClass, describeIpAddress, describeServiceCidr } from './networking.ts'
import { describeNode } from './node.ts'
import { describePersistentVolumeClaim } from './persistent-volume-claim.ts'
import { describePod } from './pod.ts'
import { describePodDisruptionBudget, describePriorityClass } from './policy.ts'
import { describeRole, describeRoleBinding } from './rbac.ts'
import { describeEndpointSlice, describeEndpoints, describeService } from './service.ts'
import {
  describeCsiNode,
  describePersistentVolume,
  describeStorageClass,
  describeVolumeAttributesClass,
} from './storage.ts'
import {
  describeDaemonSet,
  describeDeployment,
  describeReplicaSet,
  describeReplicationController,
  describeStatefulSet,
} from './workloads.ts'
import { createPrefixWriter } from './writer.ts'

export type { DescribeOptions, DescribeReader, ResourcePath } from './describer.ts'

/** Describers by group and kind; every other kind is described by its fields. */
const DESCRIBERS: Readonly<Record<string, Describer>> = {
  '/Pod': describePod,
  '/ReplicationController': describeReplicationController,
  '/Secret': describeSecret,
  '/Service': describeService,
  '/ServiceAccount': describeServiceAccount,
  '/Node': describeNode,
  '/LimitRange': describeLimitRange,
  '/ResourceQuota': describeResourceQuota,
  '/PersistentVolume': describePersistentVolume,
  '/PersistentVolumeClaim': describePersistentVolumeClaim,
  '/Namespace': describeNamespace,
  '/Endpoints': describeEndpoints,
  '/ConfigMap': describeConfigMap,
  'discovery.k8s.io/EndpointSlice': describeEndpointSlice,
  'autoscaling/HorizontalPodAutoscaler': describeAutoscaler,
  'networking.k8s.io/Ingress': describeIngress,
  'networking.k8s.io/IngressClass': describeIngressClass,
  'networking.k8s.io/ServiceCIDR': describeServiceCidr,
  'networking.k8s.io/IPAddress': describeIpAddress,
  'networking.k8s.io/NetworkPolicy': describeNetworkPolicy,
  'batch/Job': describeJob,
  'batch/CronJob': describeCronJob,
  'apps/StatefulSet': describeStatefulSet,
  'apps/Deployment': describeDeployment,
  'apps/DaemonSet': describeDaemonSet,
  'apps/ReplicaSet': describeReplicaSet,
  'certificates.k8s.io/CertificateSigningRequest': describeCertificateSigningRequest,
  'storage.k8s.io/StorageClass': describeStorageClass,
  'storage.k8s.io/CSINode': describeCsiNode,
  'storage.k8s.io/VolumeAttributesClass': describeVolumeAttributesClass,
  'policy/PodDisruptionBudget': describePodDisruptionBudget,
  'rbac.authorization.k8s.io/Role': describeRole,
  'rbac.authorization.k8s.io/ClusterRole': describeRole,
  'rbac.authorization.k8s.io/RoleBinding': describeRoleBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': describeRoleBinding,
  'scheduling.k8s.io/PriorityClass': describePriorityClass,
}

/** The description of one object, as `kubectl describe` prints it. Throws StatusError from `reader`. */
export async function describe(object: KubeObject, reader: DescribeReader, options: DescribeOptions): Promise<string> {
  const describer = DESCRIBERS[`${groupOf(object.apiVersion)}/${object.kind}`] ?? describeGeneric
  const { writer, text } = createPrefixWriter()
  await describer(object, writer, { ...options, reader })
  return text()
}
