// What `kubectl create` makes from flags alone, in the order in which help lists it.

import type { KubectlCommand } from '../command.ts'
import { configmap, secret } from './config.ts'
import { ingress } from './ingress.ts'
import { poddisruptionbudget, priorityclass, quota } from './policies.ts'
import { clusterrole, clusterrolebinding, role, rolebinding } from './rbac.ts'
import { services } from './services.ts'
import { namespace, serviceaccount, token } from './simple.ts'
import { cronjob, deployment, job } from './workloads.ts'

export const generators: readonly KubectlCommand[] = [
  clusterrole,
  clusterrolebinding,
  configmap,
  cronjob,
  deployment,
  ingress,
  job,
  namespace,
  poddisruptionbudget,
  priorityclass,
  quota,
  role,
  rolebinding,
  secret,
  services,
  serviceaccount,
  token,
]
