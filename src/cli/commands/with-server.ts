// The commands that need the server's code: a bundle of its own, which the others start without.

export { deleteCommand } from './delete.ts'
export { down } from './down.ts'
export { join } from './join.ts'
export { node } from './node.ts'
export { server } from './server.ts'
export { up } from './up.ts'
