/** nginx over a folder of plain files with a production configuration: the baseline for mirrors. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, startServer } from './server.ts';

export type NginxOptions = {
  /** Served at /repo. */
  readonly repo: string;
  /** Holds the configuration, the access log and temporary files. */
  readonly folder: string;
  readonly workers: 1 | 'auto';
};

export function startNginx(options: NginxOptions): Promise<Server> {
  const { folder } = options;
  return startServer({
    readyPath: '/repo/config',
    log: join(folder, 'output.log'),
    command(port) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'nginx.conf'), configuration(options, port));
      return ['nginx', '-e', 'stderr', '-p', folder, '-c', 'nginx.conf'];
    },
  });
}

/** It logs each request, as treeport does by default. */
function configuration({ repo, workers }: NginxOptions, port: number): string {
  return `
daemon off;
pid nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes ${workers};
events { worker_connections 4096; }
http {
  access_log access.log;
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75s;
  keepalive_requests 100000;
  open_file_cache max=50000 inactive=10m;
  client_body_temp_path tmp;
  proxy_temp_path tmp;
  fastcgi_temp_path tmp;
  uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  server {
    listen 127.0.0.1:${port};
    location /repo/ { alias ${repo}/; }
  }
}
`;
}
