//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/torture"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forPeople matches the lines in the demo's output that are not log lines.
var forPeople = regexp.MustCompile(`^(|Try, .*|  curl .*|Ctrl-C ends it\.|draining|bye)$`)

// After SIGTERM the demo finishes the work that has begun. For each answered request there is a
// log line of the work after the answer. Each request that began has its last log line. The
// process exits with 0.
func TestTortureSIGTERMUnderLoad(t *testing.T) {
	clients, enough := torture.Size(4, 16), torture.Size(50, 2_000)
	demo := startDemo(t)
	load := load{url: demo.url, enough: enough, answers: map[string]string{}, others: map[int]int{}, terminate: func() {
		assert.NoError(t, demo.cmd.Process.Signal(syscall.SIGTERM), "SIGTERM")
	}}
	load.run(clients)
	written := demo.wait(t)
	assert.Equal(t, "bye", written[len(written)-1], "last line of the output")

	told := tell(t, written)
	lost := 0
	for media, id := range load.answers {
		if told.counted[media] != id || id == "" {
			lost++
		}
	}
	assert.Zero(t, lost, "number of answered requests whose views are not counted with the ID that the client got")
	assert.Zero(t, told.noID, "number of lines without an ID, of %d lines", told.lines)
	assert.Empty(t, load.others, "number of answers for each status other than 200")
	// The client may have gone before some requests that had begun were answered.
	assert.Equal(t, told.begun, told.counted, "IDs of the requests that began, against those of views counted after the response")
	assert.Equal(t, told.begun, told.logged, "IDs of the requests that began, against those of access lines")
	assert.GreaterOrEqual(t, len(load.answers), enough, "number of answers")
	torture.Row(t, "SIGTERM under load", "%d clients, %d requests. %d answers, %d of them lost; %d requests without an answer, %d with a broken body. %d requests began, %d ended. %d lines, %d without an ID. Exit code %d",
		clients, load.asked, len(load.answers), lost, load.broken, load.unread, len(told.begun), len(told.counted), told.lines, told.noID, demo.cmd.ProcessState.ExitCode())
}

// process is a demo with -serve that runs in a separate process.
type process struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
	text   []string      // the lines of standard output
	ended  chan struct{} // closed after the last line
}

// startDemo starts a demo, and returns it when it is ready for requests.
func startDemo(t *testing.T) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0]), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), serveEnv+"=1", "GOCOVERDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err, "StdoutPipe")
	require.NoError(t, p.cmd.Start(), "Start of %s", os.Args[0])
	up := make(chan struct{})
	go func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			p.text = append(p.text, lines.Text())
			if at := regexp.MustCompile(`http://\S+/media/`).FindString(lines.Text()); at != "" && p.url == "" {
				p.url = at
				close(up)
			}
		}
	}()
	select {
	case <-up:
	case <-p.ended:
		require.FailNow(t, "the demo ended before it was ready", "standard error: %s", &p.stderr)
	}
	return p
}

// wait waits until the process ends, checks that it succeeds, and returns the lines of standard
// output.
func (p *process) wait(t *testing.T) []string {
	t.Helper()
	<-p.ended
	require.NoError(t, p.cmd.Wait(), "end of the demo; standard error: %s", &p.stderr)
	assert.Empty(t, p.stderr.String(), "standard error")
	return p.text
}

// load sends requests to a demo, and terminates the demo while requests are running.
type load struct {
	url       string // the URL without the media
	enough    int    // the number of answers after which the demo is terminated
	terminate func()

	mu         sync.Mutex
	terminated bool
	asked      int // number of requests
	// answers holds the trace IDs of the requests that were answered with 200, by media.
	answers map[string]string
	others  map[int]int // the number of answers for each status other than 200
	unread  int         // number of answers with a broken body
	broken  int         // number of requests without an answer
}

// run sends requests until the demo refuses connections.
func (l *load) run(clients int) {
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for client := (&http.Client{Transport: transport}); l.ask(client); {
			}
		})
	}
	asking.Wait()
}

// ask sends one request. It returns false if the demo has refused the connection.
func (l *load) ask(client *http.Client) bool {
	l.mu.Lock()
	l.asked++
	media := fmt.Sprint(l.asked)
	l.mu.Unlock()
	resp, err := client.Get(l.url + media)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	var body error
	if err == nil {
		_, body = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil: // on a connection that the server closed before it read the request
		l.broken++
	case resp.StatusCode != http.StatusOK:
		l.others[resp.StatusCode]++
	default:
		l.answers[media] = resp.Header.Get("X-B3-TraceId")
	}
	if body != nil {
		l.unread++
	}
	if len(l.answers) == l.enough && !l.terminated {
		l.terminated = true
		l.terminate()
	}
	return true
}

// tale is what the lines of a demo show about media-api's requests.
type tale struct {
	begun, counted, logged map[string]string // IDs, by media
	lines, noID            int
}

// tell reads the lines. It fails if a request has the same message twice.
func tell(t *testing.T, text []string) tale {
	t.Helper()
	told := tale{begun: map[string]string{}, counted: map[string]string{}, logged: map[string]string{}}
	by := map[string]map[string]string{"asked for": told.begun, "views counted, after the response": told.counted, "request": told.logged}
	for _, s := range text {
		if forPeople.MatchString(s) {
			continue
		}
		l := parse(s)
		told.lines++
		if l.TraceID == "" {
			told.noID++
		}
		if ids := by[l.Message]; ids != nil && l.Service == "media-api" && l.media != "" {
			assert.NotContains(t, ids, l.media, "the request has this line twice: %q", s)
			ids[l.media] = l.TraceID
		}
	}
	return told
}

// If the timeout is too short, the demo reports the number of tasks that have not run.
func TestTortureFailedDrainIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &services{pool: workerpool.New(workerpool.Config{Workers: 1}), drain: time.Second}
		for range 3 {
			require.NoError(t, s.pool.Go(t.Context(), func(ctx context.Context) { <-ctx.Done() }), "Go")
			synctest.Wait() // waits until the first task has begun
		}
		assert.ErrorContains(t, s.shutdown(), "2 tasks not run", "shutdown")
		synctest.Wait()
	})
}
