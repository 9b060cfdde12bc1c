import type { Stage } from '../../dockerfile/ast.ts';

/** Whether a stage reads from another one, itself or through the stages it reads from, by name or number. */
export function readsFrom(stages: readonly Stage[], from: number, wanted: number): boolean {
  const seen = new Set<number>();
  const visit = (index: number): boolean => {
    if (seen.has(index)) return false;
    seen.add(index);
    return stageNames(stages[index]!).some((name) => {
      const at = stages.findLastIndex((stage) => stage.name === name);
      const other = at < 0 && /^\d+$/.test(name) ? Number(name) : at;
      return other in stages && (other === wanted || visit(other));
    });
  };
  return visit(from);
}

/** What a stage names in FROM, `--from` and mounts; words with variables, which name no stage there, among them. */
function stageNames({ from, instructions }: Stage): string[] {
  const names = instructions.flatMap((instruction) => {
    if (instruction.kind === 'copy') return [instruction.from ?? ''];
    if (instruction.kind !== 'run') return [];
    return instruction.mounts.map((mount) => /(?:^|,)from=([^,]*)/.exec(mount)?.[1] ?? '');
  });
  return [from.image, ...names].map((name) => name.toLowerCase());
}
