/** What an export holds, for people. */
export interface ExportSummary {
  readonly site: string | null;
  readonly at: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly isEncrypted: boolean;
}
