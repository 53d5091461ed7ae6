/** Where a mailbox is reached by password. */
export interface MailServer {
  host: string;
  port: number;
  security: 'tls' | 'starttls';
}
