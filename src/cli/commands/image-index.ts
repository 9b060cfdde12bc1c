import { Command } from 'commander';
import type { CommandRun } from '../image-services.ts';
import { indexCreateCommand } from './index-create.ts';
import { indexInspectCommand } from './index-inspect.ts';

/** `varve index`, for images of several platforms. */
export function indexCommand(run: CommandRun): Command {
  const command = new Command('index').description('Make an image index of images, or show one');
  for (const child of [indexCreateCommand, indexInspectCommand]) command.addCommand(child(run).exitOverride());
  return command;
}
