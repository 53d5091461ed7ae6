/**
 * The one clock: PostgreSQL's time in production, the test server's under time skipping. Every time that is
 * stored or compared comes from here, so that two machines whose own clocks differ agree.
 */
export interface Clock {
  now(): Promise<Date>;
}
