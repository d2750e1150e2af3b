/** An outside service that takes its time: answers every request after 200 ms. */
import { createServer } from 'node:http';
import { answerUsage } from './probe.ts';

const delayMs = 200;

answerUsage();
const server = createServer((_request, response) => {
  setTimeout(() => response.end('{"state":"RUNNING"}'), delayMs);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`serving on 127.0.0.1:${address?.port}\n`);
});
