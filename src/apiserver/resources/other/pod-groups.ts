// podgroups and workloads. Rules: Validate_PodGroup and Validate_Workload of k8s.io/kubernetes/pkg/apis/scheduling/v1alpha2.
// The gates beside GenericWorkload are off: what they add is dropped.

import type { PodGroup, PodGroupTemplate, Workload } from '../../../api/generated/scheduling-v1alpha2.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem, pathSegmentProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkRequired, invalidFor } from '../core/field-checks.ts'

const MAX_TEMPLATES = 8
const IMMUTABLE = 'field is immutable'
const GATED = ['schedulingConstraints', 'resourceClaims', 'priorityClassName', 'priority'] as const

type Gated = { [name in (typeof GATED)[number]]?: unknown }

function dropGated(spec: Gated, old: Gated): void {
  for (const name of GATED) {
    if ((old[name] ?? undefined) !== undefined) continue
    // One of them is always there, as null.
    if (name in old || spec[name] === null) spec[name] = null
    else delete spec[name]
  }
}

function checkPolicy({ schedulingPolicy = {} }: Pick<PodGroupTemplate, 'schedulingPolicy'>, at: string): FieldError[] {
  const path = `${at}.schedulingPolicy`
  const { basic, gang } = schedulingPolicy
  if (basic && gang) return [field.invalid(path, '{`basic`, `gang`}', 'must specify exactly one of: `basic`, `gang`')]
  if (!basic && !gang) return [field.invalid(path, '', 'must specify one of: `basic`, `gang`')]
  if (gang && !gang.minCount) return [field.required(`${path}.gang.minCount`)]
  if (gang && gang.minCount < 1) {
    return [field.invalid(`${path}.gang.minCount`, gang.minCount, 'must be greater than or equal to 1')]
  }
  return []
}

function checkName(path: string, name: string | undefined, problemOf: (name: string) => string | undefined) {
  return name ? invalidFor(path, name, [problemOf(name)]) : checkRequired(path, name ?? '')
}

function checkGroup({ spec }: PodGroup): FieldError[] {
  const at = 'spec.podGroupTemplateRef'
  const { workload } = spec.podGroupTemplateRef ?? {}
  return [
    ...(spec.podGroupTemplateRef && !workload ? [field.invalid(at, '', 'must specify one of: `workload`')] : []),
    ...(workload
      ? [
          ...checkName(`${at}.workload.workloadName`, workload.workloadName, dnsSubdomainProblem),
          ...checkName(`${at}.workload.podGroupTemplateName`, workload.podGroupTemplateName, dnsLabelProblem),
        ]
      : []),
    ...checkPolicy(spec, 'spec'),
  ]
}

function status({ status }: PodGroup): string {
  const found = (type: string) => (status.conditions ?? []).findLast((condition) => condition.type === type)
  const disruption = found('DisruptionTarget')
  if (disruption) return disruption.reason
  const scheduled = found('PodGroupScheduled')
  if (!scheduled) return 'Pending'
  return scheduled.status === 'True' ? 'Scheduled' : 'Unschedulable'
}

const podGroups = defineResource<PodGroup>({
  group: 'scheduling.k8s.io',
  resource: 'podgroups',
  generation: false,
  resets: STATUS_ALONE,
  defaults({ spec }) {
    spec.disruptionMode ??= 'Pod'
  },
  prepareCreate: ({ spec }) => dropGated(spec, {}),
  prepareUpdate: ({ spec }, old) => dropGated(spec, old.spec),
  prepareStatusUpdate({ spec, status }) {
    if (spec.resourceClaims === undefined) delete status.resourceClaimStatuses
  },
  validateCreate: checkGroup,
  validateUpdate: ({ spec }, old) => [
    ...(['podGroupTemplateRef', 'schedulingPolicy'] as const)
      .filter((name) => !sameJson(spec[name] ?? {}, old.spec[name] ?? {}))
      // Upstream shows no value of structures.
      .map((name) => field.invalid(`spec.${name}`, null, IMMUTABLE)),
    // It has a default, so that it is there although its gate is off.
    ...(spec.disruptionMode === old.spec.disruptionMode ? [] : [field.forbidden('spec.disruptionMode', '')]),
  ],
  validateStatusUpdate: ({ status, spec }) => [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...(status.resourceClaimStatuses ?? []).flatMap(({ name }, i) =>
      (spec.resourceClaims ?? []).some((claim) => claim.name === name)
        ? []
        : [
            field.invalid(
              `status.resourceClaimStatuses[${i}].name`,
              name,
              'must match the name of an entry in `spec.resourceClaims`',
            ),
          ],
    ),
  ],
  columns: [
    nameColumn,
    text('Policy', ({ spec }) => (spec.schedulingPolicy?.gang ? 'Gang' : 'Basic')),
    text('Workload', ({ spec }) => spec.podGroupTemplateRef?.workload?.workloadName ?? '<none>'),
    text('Status', status),
    ageColumn,
  ],
})

function checkTemplates(templates: readonly PodGroupTemplate[]): FieldError[] {
  const path = 'spec.podGroupTemplates'
  if (templates.length === 0) return [field.required(path)]
  if (templates.length > MAX_TEMPLATES) return [field.tooMany(path, templates.length, MAX_TEMPLATES)]
  const names = new Set<string>()
  return templates.flatMap((template, i) => {
    const at = `${path}[${i}]`
    const twice = names.has(template.name) ? [field.duplicate(at, { name: template.name })] : []
    names.add(template.name)
    return [...twice, ...checkName(`${at}.name`, template.name, dnsLabelProblem), ...checkPolicy(template, at)]
  })
}

function checkController({ spec }: Workload): FieldError[] {
  if (!spec.controllerRef) return []
  const { apiGroup, kind, name } = spec.controllerRef
  const at = 'spec.controllerRef'
  return [
    ...(apiGroup ? invalidFor(`${at}.apiGroup`, apiGroup, [dnsSubdomainProblem(apiGroup)]) : []),
    ...checkName(`${at}.kind`, kind, pathSegmentProblem),
    ...checkName(`${at}.name`, name, pathSegmentProblem),
  ]
}

const workloads = defineResource<Workload>({
  group: 'scheduling.k8s.io',
  resource: 'workloads',
  generation: false,
  prepareCreate({ spec }) {
    for (const template of spec.podGroupTemplates ?? []) dropGated(template, {})
  },
  prepareUpdate({ spec }, old) {
    for (const [i, template] of (spec.podGroupTemplates ?? []).entries()) {
      dropGated(template, old.spec.podGroupTemplates?.[i] ?? {})
    }
  },
  validateCreate: (workload) => [
    ...checkController(workload),
    ...checkTemplates(workload.spec.podGroupTemplates ?? []),
  ],
  validateUpdate({ spec }, old) {
    const at = 'spec.podGroupTemplates'
    const templates = spec.podGroupTemplates ?? []
    return [
      ...(sameJson(spec.controllerRef, old.spec.controllerRef)
        ? []
        : [field.invalid('spec.controllerRef', null, IMMUTABLE)]),
      ...(sameJson(templates, old.spec.podGroupTemplates ?? []) ? [] : [field.invalid(at, null, IMMUTABLE)]),
      ...(templates.length === 0 ? [field.required(at)] : []),
    ]
  },
  columns: [nameColumn, ageColumn],
})

export const podGroupDefinitions: readonly ResourceDefinition[] = [podGroups, workloads]
