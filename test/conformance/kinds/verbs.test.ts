// Every verb on every version of every kind: who sets metadata, what a status write changes, tables and metadata alone.

import { describe, expect, it } from 'vitest'
import { everyVersion, useServerOfAll } from './support.ts'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'
const owner = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: `uid-${name}` })

const call = useServerOfAll()

describe.each(everyVersion())(
  '$title',
  ({ path, name, object, hasStatus, kind, apiVersion, status, createOnUpdate }) => {
    const patch = (at: string, body: object | string, type: string) =>
      call(at, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } })
    const own = `${path}/${name}`

    it('is created with metadata that its sender may not all set', async () => {
      const metadata = {
        ...(object.metadata as object),
        ...{ generation: 7, deletionGracePeriodSeconds: 5, selfLink: '/x', resourceVersion: '' },
        ...{ creationTimestamp: '2020-01-01T00:00:00Z', deletionTimestamp: '2020-01-01T00:00:00Z', uid: 'mine' },
        ...{ labels: { a: 'b', of: 'kinds' }, annotations: { c: 'd' }, ownerReferences: [owner('one')] },
      }
      const made = await call(path, {
        body: { ...object, metadata, ...(hasStatus && kind !== 'Node' ? { status } : {}) },
      })
      expect(made).toMatchObject({ code: 201 })
      expect(made.body).toMatchObject({ kind, apiVersion, metadata: { labels: { a: 'b' } } })
    })

    it('is read as itself, as a table and as metadata', async () => {
      for (const accept of ['application/json', TABLE, METADATA]) {
        expect(await call(own, { headers: { accept } })).toMatchObject({ code: 200 })
      }
      for (const accept of ['application/json', TABLE, METADATA_LIST]) {
        const query = `?fieldSelector=metadata.name%3D${encodeURIComponent(name)}&labelSelector=of%3Dkinds`
        expect(await call(`${path}${query}`, { headers: { accept } })).toMatchObject({ code: 200 })
      }
      await call(`${own}?includeObject=Object`, { headers: { accept: TABLE } })
      await call(`${own}?includeObject=None`, { headers: { accept: TABLE } })
      expect(await call(`${path}?fieldSelector=no.such.field%3Dx`)).toMatchObject({ code: 400 })
    })

    it('is updated as a whole and by patches', async () => {
      const { body } = await call(own)
      const { labels } = body.metadata
      const metadata = { ...body.metadata, generation: 99, labels: { ...labels, put: '1' }, finalizers: ['x.io/keep'] }
      expect(await call(own, { method: 'PUT', body: { ...body, metadata } })).toMatchObject({ code: 200 })
      expect(await call(own, { method: 'PUT', body: { ...body, metadata } })).toMatchObject({ code: 409 })
      await call(own, { method: 'PUT', body: { ...body, metadata: { ...metadata, resourceVersion: '' } } })
      await call(own, {
        method: 'PUT',
        body: { ...body, metadata: { ...metadata, uid: 'other', resourceVersion: '' } },
      })
      const another = { ...body, metadata: { ...metadata, uid: '', name: `${name}-not` } }
      // The address that the first one has is no more to be had.
      const code = body.spec?.clusterIP ? 422 : createOnUpdate ? 201 : 404
      expect(await call(`${own}-not`, { method: 'PUT', body: another })).toMatchObject({ code })
      await patch(own, { metadata: { labels: { merged: '1' } } }, 'merge-patch+json')
      await patch(
        own,
        { metadata: { labels: { strategic: '1' }, finalizers: ['x.io/more'] } },
        'strategic-merge-patch+json',
      )
      await patch(own, JSON.stringify([{ op: 'add', path: '/metadata/labels/json', value: '1' }]), 'json-patch+json')
      const applied = { kind, apiVersion, metadata: { name, labels: { applied: '1' } } }
      await patch(`${own}?fieldManager=f&force=true`, applied, 'apply-patch+yaml')
      await patch(own, { spec: null }, 'merge-patch+json')
      await patch(own, { metadata: null }, 'merge-patch+json')
    })

    it('is not updated with metadata that only the server sets, or that is wrong', async () => {
      const { body } = await call(own)
      for (const wrong of [
        { creationTimestamp: '2020-01-01T00:00:00Z' },
        { deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 9 },
        { labels: { a: '-' } },
        { annotations: { '-': '' } },
        { ownerReferences: [{}] },
        { finalizers: ['-'] },
      ]) {
        const metadata = { ...body.metadata, ...wrong }
        await call(own, { method: 'PUT', body: { ...body, metadata } })
      }
    })

    if (hasStatus) {
      it('has a status of its own', async () => {
        const { body } = await call(`${own}/status`)
        const change = {
          labels: { s: '1' },
          annotations: { s: '1' },
          finalizers: ['x.io/status'],
          ownerReferences: [owner('two')],
        }
        const metadata = { ...body.metadata, ...change }
        await call(`${own}/status`, { method: 'PUT', body: { ...body, metadata, spec: undefined } })
        await patch(`${own}/status`, { metadata: { labels: { m: '1' }, finalizers: null } }, 'merge-patch+json')
        await patch(`${own}/status`, { metadata: { ownerReferences: null } }, 'merge-patch+json')
        const applied = { kind, apiVersion, metadata: { name, labels: { sa: '1' } } }
        await patch(`${own}/status?fieldManager=s&force=true`, applied, 'apply-patch+yaml')
        await patch(`${own}/status`, { status }, 'merge-patch+json')
        expect(await call(own)).toMatchObject({ code: 200 })
        await call(own, { headers: { accept: TABLE } })
      })
    }

    it('is deleted', async () => {
      await patch(own, { metadata: { finalizers: ['x.io/held'] } }, 'merge-patch+json')
      await call(`${own}?dryRun=All`, { method: 'DELETE' })
      const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' })
      await call(own, { method: 'DELETE', body, headers: { 'content-length': String(body.length) } })
      await patch(own, { metadata: { labels: { last: '1' } } }, 'merge-patch+json')
      await patch(own, { metadata: { finalizers: null } }, 'merge-patch+json')
      await call(`${path}?labelSelector=of%3Dkinds&gracePeriodSeconds=0`, { method: 'DELETE' })
      await call(own, { method: 'DELETE' })
      await call(own)
    })
  },
)
