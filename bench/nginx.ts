/** nginx over a folder of plain files with a production configuration: the baseline for mirrors. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, startServer } from './server.ts';

/** Serves `repo` at /repo; `folder` holds the configuration and temporary files. */
export function startNginx(repo: string, folder: string): Promise<Server> {
  return startServer({
    readyPath: '/repo/config',
    command(port) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'nginx.conf'), configuration(repo, port));
      return ['nginx', '-e', 'stderr', '-p', folder, '-c', 'nginx.conf'];
    },
  });
}

function configuration(repo: string, port: number): string {
  return `
daemon off;
pid nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off;
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
