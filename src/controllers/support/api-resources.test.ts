import { expect, it } from 'vitest'
import { deployments, ingresses, pods } from '../../api/generated/resources.ts'
import { findResource } from './api-resources.ts'

const refs = [pods, deployments, ingresses]

it.each([
  ['v1', 'Pod', 'pods'],
  ['apps/v1', 'Deployment', 'deployments'],
  ['apps/v1beta1', 'Deployment', 'deployments'],
  ['extensions/v1beta1', 'Deployment', 'deployments'],
  ['extensions/v1beta1', 'Ingress', 'ingresses'],
  ['extensions/v1beta1', 'Pod', undefined],
  ['example.com/v1', 'Deployment', undefined],
])('finds %s %s', (apiVersion, kind, resource) => {
  expect(findResource(refs, apiVersion, kind)?.resource).toBe(resource)
})
