import { expect, it } from 'vitest'
import { decodeProtobuf, encodeProtobuf } from './codec.ts'
import { WireError } from './wire.ts'

const POD = 'io.k8s.api.core.v1.Pod'

it('carries an object there and back unchanged', () => {
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a', labels: { app: 'web' }, creationTimestamp: '2026-01-02T03:04:05Z', generation: 3 },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '500m', memory: '128Mi' } },
          livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
          readinessProbe: { tcpSocket: { port: 80 } },
        },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      terminationGracePeriodSeconds: 0,
    },
  }
  expect(decodeProtobuf(encodeProtobuf(POD, pod))).toEqual(pod)
})

it('refuses bytes that are no envelope or end too early', () => {
  expect(() => decodeProtobuf(Buffer.from('{"kind":"Pod"}'))).toThrow(WireError)
  const whole = encodeProtobuf(POD, { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' } })
  expect(() => decodeProtobuf(whole.subarray(0, whole.length - 6))).toThrow(WireError)
})
