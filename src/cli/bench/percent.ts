/** @param share 0 to 1; undefined where there was nothing to share */
export function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)}%`;
}
