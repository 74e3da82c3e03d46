// How upstream's server holds priority levels and flow schemas inside: the fields that its messages show, in order.
// Facts: k8s.io/kubernetes/pkg/apis/flowcontrol.

import type { Shapes } from '../../../machinery/go/struct-json.ts'

export const FLOW_SHAPES: Shapes = {
  FlowSchemaSpec:
    'PriorityLevelConfiguration:NameReference MatchingPrecedence:i DistinguisherMethod:*FlowDistinguisherMethod Rules:[]PolicyRulesWithSubjects',
  NameReference: 'Name',
  FlowDistinguisherMethod: 'Type',
  PolicyRulesWithSubjects:
    'Subjects:[]Subject ResourceRules:[]ResourcePolicyRule NonResourceRules:[]NonResourcePolicyRule',
  Subject: 'Kind User:*NameReference Group:*NameReference ServiceAccount:*ServiceAccountSubject',
  ServiceAccountSubject: 'Namespace Name',
  ResourcePolicyRule: 'Verbs:[]s APIGroups:[]s Resources:[]s ClusterScope:b Namespaces:[]s',
  NonResourcePolicyRule: 'Verbs:[]s NonResourceURLs:[]s',
  PriorityLevelConfigurationSpec:
    'Type Limited:*LimitedPriorityLevelConfiguration Exempt:*ExemptPriorityLevelConfiguration',
  LimitedPriorityLevelConfiguration:
    'NominalConcurrencyShares:i LimitResponse:LimitResponse LendablePercent:*i BorrowingLimitPercent:*i',
  ExemptPriorityLevelConfiguration: 'NominalConcurrencyShares:*i LendablePercent:*i',
  LimitResponse: 'Type Queuing:*QueuingConfiguration',
  QueuingConfiguration: 'Queues:i HandSize:i QueueLengthLimit:i',
}
