// BullMQ with its defaults, which keep every job and its events. The same command line as program.py.

import { appendFileSync } from "node:fs";
import { Queue, Worker } from "bullmq";

const AT_ONCE = 1000;
const SENDERS = 50;
const SPACING = 20; // milliseconds
const address = new URL(process.env.BENCH_URL);
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };
const monotonic = () => Number(process.hrtime.bigint());

async function noop(job) {
  if (job.data.sent) appendFileSync(process.env.BENCH_DELAYS, `${monotonic() - job.data.sent}\n`);
}

const ways = {
  async singly(queue, count) {
    for (let number = 0; number < count; number++) await queue.add("noop", { sent: 0 });
  },
  async at_once(queue, count) {
    let left = count;
    const send = async () => {
      while (left-- > 0) await queue.add("noop", { sent: 0 });
    };
    await Promise.all(Array.from({ length: SENDERS }, send));
  },
  async bulk(queue, count) {
    for (let first = 0; first < count; first += AT_ONCE) {
      const length = Math.min(AT_ONCE, count - first);
      await queue.addBulk(Array.from({ length }, () => ({ name: "noop", data: { sent: 0 } })));
    }
  },
  async spaced(queue, count) {
    for (let number = 0; number < count; number++) {
      await new Promise((resolve) => setTimeout(resolve, SPACING));
      await queue.add("noop", { sent: monotonic() });
    }
  },
};

async function fill(orders) {
  const queue = new Queue("bench", { connection });
  await queue.add("noop", { sent: 0 }); // opens the connection
  const found = {};
  for (const order of orders) {
    const [way, count] = order.split("=");
    const [began, used] = [monotonic(), process.cpuUsage()];
    await ways[way](queue, Number(count));
    const { user, system } = process.cpuUsage(used);
    found[way] = { jobs: Number(count), seconds: (monotonic() - began) / 1e9, cpu: (user + system) / 1e6 };
  }
  console.log(JSON.stringify(found));
  await queue.close();
}

const [command, ...orders] = process.argv.slice(2);
if (command === "work") new Worker("bench", noop, { connection, concurrency: 100 });
else if (command === "fill") await fill(orders);
else throw new Error("say work, or fill and how");
