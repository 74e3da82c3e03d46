// Facts about this machine: what the Node's nodeInfo, capacity and the stats are made of.

import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'

export interface MachineInfo {
  readonly machineID: string
  readonly systemUUID: string
  readonly bootID: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly swapBytes: number
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm: 'arm', arm64: 'arm64' }

/** Text of a file about the machine; empty when the machine, or its kernel for this user, does not tell. */
async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}

export async function readMachine(): Promise<MachineInfo> {
  const [machineID, systemUUID, bootID, release, meminfo] = await Promise.all([
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/os-release'),
    text('/proc/meminfo'),
  ])
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0)
  return {
    machineID,
    systemUUID: systemUUID || machineID,
    bootID,
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? 'linux',
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    cpus: os.cpus().length,
    memoryBytes: kibibytes('MemTotal') * 1024 || os.totalmem(),
    swapBytes: kibibytes('SwapTotal') * 1024,
  }
}

export interface FilesystemUse {
  readonly capacityBytes: number
  readonly availableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

/** Size and use of the file system that holds `path`. */
export async function filesystemUse(path: string): Promise<FilesystemUse> {
  const s = await statfs(path)
  return {
    capacityBytes: s.blocks * s.bsize,
    availableBytes: s.bavail * s.bsize,
    inodes: s.files,
    inodesFree: s.ffree,
  }
}

/** Memory that could be had without swapping, and process numbers. */
export async function readPressure(): Promise<{ availableMemoryBytes: number; pids: number; maxPids: number }> {
  const [meminfo, loadavg, max] = await Promise.all([
    text('/proc/meminfo'),
    text('/proc/loadavg'),
    text('/proc/sys/kernel/pid_max'),
  ])
  return {
    availableMemoryBytes: Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024 || os.freemem(),
    pids: Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0),
    maxPids: Number(max) || 32_768,
  }
}
