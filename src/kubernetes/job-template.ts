import type { V1Container, V1Job, V1PodSpec } from '@kubernetes/client-node';
import * as z from 'zod';

/** The container of a template that varve runs in. */
export const CONTAINER = 'varve';
const CACHE_VOLUME = 'varve-cache';
/** Where the store of the image is. */
const CACHE_PATH = '/cache';

/** What a template must be; the cluster looks at the rest of it. */
export const jobTemplateSchema = z.looseObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z
    .looseObject({
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
      spec: z.looseObject({
        containers: z
          .array(z.looseObject({ name: z.string() }))
          .refine((containers) => containers.some(({ name }) => name === CONTAINER), {
            message: `one of the containers is called ${CONTAINER}`,
          }),
      }),
    }),
  }),
});

/** A security context of a pod, as `docs/isolation.md` has one for each rung. */
type RungSettings = Pick<V1PodSpec, 'hostUsers'> & Pick<V1Container, 'securityContext'>;

const RUNGS: Readonly<Record<string, RungSettings>> = {
  oci: {
    hostUsers: false,
    securityContext: { capabilities: { add: ['SYS_ADMIN'] }, seccompProfile: { type: 'Unconfined' } },
  },
  namespaces: { securityContext: { seccompProfile: { type: 'Unconfined' } } },
  chroot: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
};

/**
 * The Job where no template is given: the security context that the rung needs, none for `auto` and `in-place`; the store on
 * an emptyDir, so that RUNs work on an overlay.
 */
export function defaultTemplate(isolation: string): V1Job {
  const { securityContext, ...pod } = RUNGS[isolation] ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    spec: {
      template: {
        spec: {
          ...pod,
          containers: [
            {
              name: CONTAINER,
              resources: { requests: { cpu: '1', memory: '512Mi' } },
              ...(securityContext ? { securityContext } : {}),
              volumeMounts: [{ name: CACHE_VOLUME, mountPath: CACHE_PATH }],
            },
          ],
          volumes: [{ name: CACHE_VOLUME, emptyDir: {} }],
        },
      },
    },
  };
}
