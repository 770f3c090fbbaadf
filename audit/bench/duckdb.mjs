// DuckDB's part of the bench: "append LINES DATABASE KEY VALUE" writes events and finds a value.
// "find PATTERN KEY VALUE" finds a value in Parquet files.
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import { DuckDBInstance, DuckDBTimestampValue, listValue, mapValue, LIST, MAP, VARCHAR } from '@duckdb/node-api';

const [job, ...args] = process.argv.slice(2);
const used = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };

async function append(lines, path, key, value) {
  const events = [];
  for await (const line of createInterface({ input: createReadStream(lines) })) events.push(JSON.parse(line));
  const db = await DuckDBInstance.create(path);
  const connection = await db.connect();
  await connection.run(`CREATE TABLE events (timestamp TIMESTAMP, trace_id VARCHAR, app VARCHAR, message VARCHAR,
    context MAP(VARCHAR, VARCHAR), trace_names VARCHAR[])`);
  const start = performance.now(), cpu = used();
  const to = await connection.createAppender('events');
  const map = MAP(VARCHAR, VARCHAR), list = LIST(VARCHAR);
  for (const [time, id, app, message, context, names] of events) {
    to.appendTimestamp(new DuckDBTimestampValue(BigInt(time)));
    to.appendVarchar(id);
    to.appendVarchar(app);
    to.appendVarchar(message);
    to.appendMap(mapValue(Object.entries(context).map(([key, value]) => ({ key, value }))), map);
    to.appendList(listValue(names), list);
    to.endRow();
  }
  to.closeSync();
  await connection.run('CHECKPOINT');
  const wall = performance.now() - start, spent = used() - cpu;
  return { Wall: wall, CPU: spent, ...await timed(connection, 'events', key, value) };
}

async function find(pattern, key, value) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  return timed(connection, `read_parquet('${pattern}', hive_partitioning = true)`, key, value);
}

// timed runs the query twice, and returns the time of the second run, with a warm page cache.
async function timed(connection, table, key, value) {
  const query = `SELECT timestamp, app, message, context FROM ${table} WHERE context['${key}'] = '${value}'`;
  let rows, start;
  for (let i = 0; i < 2; i++) {
    start = performance.now();
    rows = (await connection.runAndReadAll(query)).currentRowCount;
  }
  return { Find: performance.now() - start, Rows: rows };
}

console.log(JSON.stringify(await { append, find }[job](...args)));
process.exit(0);
