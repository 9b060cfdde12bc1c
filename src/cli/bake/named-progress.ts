import type { ProgressEvent } from '../../build/progress.ts';
import type { Services } from '../../build/services.ts';

/** The event of a target as one of the whole bake: with the target's name before its ids and its text. */
export function namedEvent(name: string, event: ProgressEvent): ProgressEvent {
  switch (event.type) {
    case 'step-start':
      return { ...event, id: `${name}/${event.id}`, stage: `${name}: ${event.stage}` };
    case 'step-log':
    case 'step-end':
      return { ...event, id: `${name}/${event.id}` };
    case 'message':
      return { ...event, text: `${name}: ${event.text}` };
    default:
      return event;
  }
}

/** The same services, with the target's name before what is told. */
export function namedServices(name: string, services: Services): Services {
  const { log, progress } = services;
  return {
    ...services,
    mountUses: new Map(),
    progress: (event) => progress(namedEvent(name, event)),
    stepEnv: (id) => services.stepEnv(`${name}/${id}`),
    log: { ...log, warn: (text) => log.warn(`${name}: ${text}`) },
  };
}
