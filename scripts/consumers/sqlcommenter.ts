import { deepStrictEqual } from 'node:assert';
import { commentPg, commentQuery, uncomment } from '@otel-middleware/sqlcommenter';
import pg from 'pg';

class Echo extends pg.Client {
  override query = ((sql: string) => sql) as never;
}

export async function consume(): Promise<void> {
  const client: pg.Client = commentPg(new Echo(), { application: 'shop' });
  const commented = "SELECT 1 /*application='shop'*/";
  deepStrictEqual(client.query('SELECT 1'), commented);
  deepStrictEqual(commentQuery('SELECT 1', { application: 'shop' }), commented);
  deepStrictEqual(uncomment(client).query('SELECT 1'), 'SELECT 1');
}
