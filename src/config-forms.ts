/** The forms that an option's value can have: how its text is read, and how a wrong one is explained. */
import { isIP } from 'node:net'
import { z } from 'zod'

export interface Option<T> {
  /** From text, as the environment and flags carry it, to the value. */
  schema: z.ZodType<T, string>
  default: T
  /** Completes "must be …". */
  form: string
  description: string
  /** Never printed, never a flag (argv can be seen by every user of the machine); may be given as a file. */
  secret?: true
  /** Also a flag of `yeoul start`. */
  flag?: true
  /** An admin may change it while the server runs: whatever uses it reads it anew each time. */
  live?: true
  /** The least and the greatest number. */
  range?: { min: number; max: number }
  choices?: readonly string[]
}

export const whole = (low: number, high: number) => ({
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((n) => n >= low && n <= high),
  form: `a whole number from ${low} to ${high}`,
  range: { min: low, max: high },
})
export const oneOf = <const V extends readonly string[]>(...values: V) => ({
  schema: z.string().transform((v, check): V[number] => {
    if (values.includes(v)) return v
    check.addIssue('not one of them')
    return z.NEVER
  }),
  form: `one of ${values.join(', ')}`,
  choices: values,
})

export const onOff = {
  schema: z
    .string()
    .regex(/^(on|off)$/)
    .transform((v) => v === 'on'),
  form: 'on or off',
}
export const list = <T>(item: (text: string) => T | undefined, form: string) => ({
  schema: z.string().transform((v, check): T[] => {
    const items: T[] = []
    for (const text of v.split(',').map((s) => s.trim())) {
      const value = text === '' ? undefined : item(text)
      if (value === undefined) {
        check.addIssue(`bad item ${text}`)
        return z.NEVER
      }
      items.push(value)
    }
    return items
  }),
  form,
})
export const secret = (least: number) => ({
  schema: z.string().min(least).transform(orNull),
  form: `at least ${least} characters`,
  secret: true as const,
  default: null,
})

/** Addresses with a password in them, of one of the `schemes` (`redis:`), parted by commas when there are several. */
export const secretAddresses = (schemes: string[], form: string) => ({
  ...secret(1),
  schema: z
    .string()
    .refine((v) => v.split(',').every((one) => URL.canParse(one) && schemes.includes(new URL(one).protocol)))
    .transform(orNull),
  form,
})

/** Widens the type: a secret that was not given is null. */
function orNull(value: string): string | null {
  return value
}

/** The origin of an http(s) URL that has no path, query or user in it; else undefined. */
export function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  return url.href === `${url.origin}/` ? url.origin : undefined
}

/** An IP address, or a range in CIDR notation; else undefined. */
export function addressOrRange(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  if (prefix === undefined) return text
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128) ? text : undefined
}
