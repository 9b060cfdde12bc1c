/** One thing that is not as it has to be. */
export interface Damage {
  readonly kind: 'blob' | 'image' | 'layer' | 'tree' | 'chain' | 'history' | 'record' | 'frame';
  readonly name: string;
  readonly problem: string;
  /** Whether it was dropped; undefined when nobody asked for that. */
  readonly repaired?: boolean;
}

/** Where checks tell what they find. */
export interface Verification {
  readonly checked: Record<Damage['kind'], number>;
  report(damage: Omit<Damage, 'repaired'>, drop: () => Promise<unknown>): Promise<void>;
}
