import { expect, it } from 'vitest'
import type { ComponentStatus } from '../api/generated/core-v1.ts'
import { renderComponents } from './classic.ts'

it('shows the health of components as a table', () => {
  const component = (name: string, condition: object) =>
    ({ metadata: { name }, conditions: [{ type: 'Healthy', ...condition }] }) as unknown as ComponentStatus
  const text = renderComponents([
    component('controller-manager', { status: 'True', message: 'ok' }),
    component('etcd-0', { status: 'False', message: '', error: 'disk is full' }),
  ])
  expect(text.split('\n')).toEqual([
    'NAME                 STATUS      MESSAGE   ERROR',
    'controller-manager   Healthy     ok',
    'etcd-0               Unhealthy             disk is full',
    '',
  ])
})
