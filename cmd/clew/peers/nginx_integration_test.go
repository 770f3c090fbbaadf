//go:build integration

// These tests use the nginx that .ci/integration-doctor has found.

package peers_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nginxConfig configures a proxy with common mistakes: for instance, /own sends a request ID as if
// it were a trace. There is no master process, so nginx runs as the user of the test. A worker
// would run as the user nobody, which may not be allowed to read a temporary folder.
const nginxConfig = `
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events {}
http {
	log_format traced '$remote_addr [$time_iso8601] "$request" $status b3=$http_b3 trace=$http_x_b3_traceid parent=$http_traceparent "$http_user_agent"';
	access_log %[1]s/access.log;
	access_log %[1]s/traced.log traced;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	proxy_cache_path %[1]s/cache keys_zone=cached:1m;
	limit_req_zone $binary_remote_addr zone=limited:1m rate=1r/s;
	server {
		listen %[2]s;
		root %[1]s/pages;
		location = /call { proxy_pass http://%[3]s/; }
		location = /behind { proxy_pass %[4]s/; }
		location = /cached {
			proxy_pass %[4]s/;
			proxy_cache cached;
			proxy_cache_valid 200 1m;
		}
		location = /limited {
			proxy_pass %[4]s/;
			limit_req zone=limited burst=5 nodelay;
		}
		location = /moved { return 301 https://localhost/; }
		location = /forbidden { return 403; }
		location = /closes { return 444; }
		location = /echo {
			add_header X-B3-TraceId $http_x_b3_traceid always;
			add_header b3 $http_b3 always;
			try_files /index.html =404;
		}
		location = /own {
			proxy_pass http://%[3]s/;
			proxy_set_header b3 $request_id-$connection;
			proxy_set_header X-B3-TraceId $request_id;
		}
		location = /strip {
			proxy_pass http://%[3]s/;
			proxy_set_header b3 "";
			proxy_set_header X-B3-TraceId "";
			proxy_set_header X-B3-SpanId "";
			proxy_set_header X-B3-ParentSpanId "";
			proxy_set_header X-B3-Sampled "";
			proxy_set_header X-B3-Flags "";
			proxy_set_header traceparent "";
		}
	}
}
`

// nginx starts an nginx. For the paths /call, /own and /strip it passes requests on to the address
// in calls. The function returns nginx's URL and the folder of its logs.
func nginx(t *testing.T, calls string) (url, dir string) {
	t.Helper()
	program := os.Getenv("CLEW_NGINX")
	require.NotEmpty(t, program, "CLEW_NGINX must be the path of an nginx; make integration-doctor finds one")
	dir = t.TempDir()
	address := free(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "pages"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pages", "index.html"), []byte("hello\n"), 0o644))
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, address, calls, peers[0].serve(t, io.Discard))
	require.NoError(t, os.WriteFile(config, []byte(text), 0o644))
	command := exec.Command(program, "-e", "stderr", "-p", dir, "-c", config)
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt)
		command.Wait()
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return "http://" + address, dir
		}
		require.False(t, time.Now().After(end), "%v", err)
	}
}

// nginx passes headers on exactly as the proxy among the peers does.
func TestIntegrationNginxTruths(t *testing.T) {
	l := listen(t)
	to, _ := nginx(t, strings.TrimPrefix(l.URL, "http://"))
	l.passedOn(t, true, to)
}

func TestIntegrationNginx(t *testing.T) {
	for _, test := range []struct {
		name, path string
		listen     bool
		logs       string
		verdict    string
		code       int
	}{
		{"proxy", "/call", true, "", "unchanged", 0},
		{"proxy, hostile canaries", "/call", true, "", "unchanged", 0},
		{"proxy, no listener and no log", "/call", false, "", "unknown", 3},
		{"proxy, default log", "/call", true, "access.log", "dropped", 1},
		{"proxy, log with the ID", "/call", true, "traced.log", "unchanged", 0},
		{"static page", "/", false, "", "unknown", 3},
		// The log shows the header of the request.
		{"static page, log with the ID", "/", false, "traced.log", "echoed", 3},
		{"service behind the proxy", "/behind", false, "", "adopted", 0},
		{"cache", "/cached", false, "", "unknown", 3},
		{"rate limit", "/limited", false, "", "unknown", 3}, // the limit rejects most canaries
		{"redirect", "/moved", false, "", "unknown", 3},
		{"403", "/forbidden", false, "", "unknown", 3},
		{"closed connection", "/closes", false, "", "unreachable", 3},
		{"response with the request's headers", "/echo", false, "", "echoed", 3},
		{"proxy that sends its request ID as a trace ID", "/own", true, "", "restarted", 1},
		{"proxy that removes the headers", "/strip", true, "", "dropped", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var args []string
			behind := free(t)
			if test.listen {
				args = append(args, "--listen", behind)
			} else {
				behind = strings.TrimPrefix(listen(t).URL, "http://")
			}
			to, dir := nginx(t, behind)
			args = append(args, to+test.path)
			if test.logs != "" {
				args = append(args, "--logs", filepath.Join(dir, test.logs))
			}
			if strings.Contains(test.name, "hostile") {
				args = append(args, "--hostile")
			}
			r := asJSON(t, args...)
			assert.Equal(t, test.code, r.code)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict, "%+v", r.Targets[0])
		})
	}
}
