// Every conversion of a version beside the stored one to that one, and back.

import { autoscalersV2beta1 } from './autoscaling-v2beta1.ts'
import type { LegacyConversion } from './conversion.ts'
import { oldDefinitions } from './custom-resource-definition.ts'
import { betaClaims, betaClaimTemplates, betaSlices } from './devices.ts'
import { oldIngresses } from './ingress.ts'
import { alphaBindings, oldBudgets, oldCertificateRequests, oldEndpointSlices, oldWebhooks } from './others.ts'
import { workloadConversions } from './workloads.ts'

/** By group, version and resource. Whatever is not listed has the same fields in both versions. */
export const legacyConversions: Readonly<Record<string, LegacyConversion>> = {
  ...workloadConversions,
  'extensions/v1beta1/ingresses': oldIngresses,
  'networking.k8s.io/v1beta1/ingresses': oldIngresses,
  'autoscaling/v2beta1/horizontalpodautoscalers': autoscalersV2beta1,
  'policy/v1beta1/poddisruptionbudgets': oldBudgets,
  'rbac.authorization.k8s.io/v1alpha1/clusterrolebindings': alphaBindings,
  'rbac.authorization.k8s.io/v1alpha1/rolebindings': alphaBindings,
  'admissionregistration.k8s.io/v1beta1/mutatingwebhookconfigurations': oldWebhooks,
  'admissionregistration.k8s.io/v1beta1/validatingwebhookconfigurations': oldWebhooks,
  'apiextensions.k8s.io/v1beta1/customresourcedefinitions': oldDefinitions,
  'certificates.k8s.io/v1beta1/certificatesigningrequests': oldCertificateRequests,
  'discovery.k8s.io/v1beta1/endpointslices': oldEndpointSlices,
}

/** The same for the alpha and beta versions of today. */
export const previewConversions: Readonly<Record<string, LegacyConversion>> = {
  'resource.k8s.io/v1beta1/resourceclaims': betaClaims,
  'resource.k8s.io/v1beta1/resourceclaimtemplates': betaClaimTemplates,
  'resource.k8s.io/v1beta1/resourceslices': betaSlices,
}
