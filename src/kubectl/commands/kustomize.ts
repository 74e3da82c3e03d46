// kubectl kustomize: prints what a kustomization comes to.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlCommand } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { buildKustomization } from '../kustomize/build.ts'

export const kustomize: KubectlCommand = {
  name: 'kustomize',
  usage: 'DIR [flags] [options]',
  short: 'Build a kustomization target from a directory or URL',
  flags: [],
  async run({ args }, ctx) {
    const [dir = '.', ...more] = args
    if (more.length > 0) throw new KubectlError('specify one path to kustomization.yaml')
    const path = resolve(ctx.cwd, dir)
    if (!existsSync(path)) {
      throw new KubectlError(
        `must build at directory: not a valid directory: evalsymlink failure on '${dir}' : lstat ${path}: no such file or directory`,
      )
    }
    const objects = await buildKustomization(path, ctx.env)
    ctx.out(objects.map((object) => toYaml(object)).join('---\n'))
    return 0
  },
}
