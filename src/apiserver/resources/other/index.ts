// Definitions of the kinds beyond the core workloads.

import type { ResourceDefinition } from '../../resource-definition.ts'
import { daemonSets } from '../apps/daemon-set.ts'
import { controllerRevisions, statefulSets } from '../apps/stateful-set.ts'
import { horizontalPodAutoscalers } from '../autoscaling/horizontal-pod-autoscaler.ts'
import { cronJobs } from '../batch/cron-job.ts'
import { jobs } from '../batch/job.ts'
import { admissionDefinitions } from '../extension/admission.ts'
import { extensionDefinitions } from '../extension/extension.ts'
import { ingressClasses, ingresses } from '../networking/ingress.ts'
import { networkDefinitions } from '../networking/network.ts'
import { policyDefinitions } from '../policy/policy.ts'
import { rbacDefinitions } from '../rbac/rbac.ts'
import { storageDefinitions } from '../storage/classes.ts'
import { persistentVolumes } from '../storage/persistent-volume.ts'
import { persistentVolumeClaims } from '../storage/persistent-volume-claim.ts'
import { deviceDefinitions } from './devices.ts'
import { previewDefinitions } from './previews.ts'

export const otherDefinitions: readonly ResourceDefinition[] = [
  daemonSets,
  statefulSets,
  controllerRevisions,
  jobs,
  cronJobs,
  horizontalPodAutoscalers,
  persistentVolumes,
  persistentVolumeClaims,
  ...storageDefinitions,
  ingresses,
  ingressClasses,
  ...networkDefinitions,
  ...policyDefinitions,
  ...rbacDefinitions,
  ...extensionDefinitions,
  ...admissionDefinitions,
  ...deviceDefinitions,
  ...previewDefinitions,
]
