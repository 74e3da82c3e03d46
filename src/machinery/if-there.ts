// Telling "there is no such file" from everything else that can go wrong with one.

/** The result, or undefined when the file or a directory on the way to it does not exist. Other errors are passed on. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
