// Runs the user's editor on a file.
// Model: k8s.io/kubectl/pkg/cmd/util/editor.

import { spawn } from 'node:child_process'
import type { KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'

/** Resolves when the editor is closed. Throws KubectlError when it fails. */
export async function runEditor(ctx: KubectlContext, file: string): Promise<void> {
  const editor = ctx.env.KUBE_EDITOR || ctx.env.EDITOR || 'vi'
  const shell = ctx.env.SHELL || '/bin/bash'
  const quoted = `'${file.replaceAll("'", "'\\''")}'`
  // Editors come with arguments and quotes: only a shell can tell them apart.
  const [program, args] = /["'\\ ]/.test(editor) ? [shell, ['-c', `${editor} ${quoted}`]] : [editor, [file]]
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { cwd: ctx.cwd, env: ctx.env, stdio: 'inherit' })
    child.once('error', (error) => {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      reject(
        new KubectlError(missing ? `unable to launch the editor ${JSON.stringify(editor)}` : plainMessage(error), {
          cause: error,
        }),
      )
    })
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new KubectlError(`there was a problem with the editor ${JSON.stringify(editor)}`))
    })
  })
}
