package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// job is a task for several tools. The first tool is clew.
type job struct {
	name  string
	first bool // measure the time until the first byte, not until the end
	tools []tool
}

// tool is a tool that does a job.
type tool struct {
	name  string
	args  []string
	bytes int64 // how many bytes the tool reads, decompressed
}

// measured is the time and the memory that a tool has needed.
type measured struct {
	took []time.Duration
	rss  int64 // the most of all rounds, in bytes
}

// mostMemory is the limit of memory, in bytes, that clew's manual promises.
const mostMemory = 512 << 20

// run runs the tools in turn, and prints a row of the table for each.
func (j *job) run(rounds int) error {
	all := make([]measured, len(j.tools))
	for range rounds {
		for i, t := range j.tools {
			if err := all[i].add(t, j.first); err != nil {
				return fmt.Errorf("%s: %s: %w", j.name, t.name, err)
			}
		}
	}
	if all[0].rss > mostMemory {
		return fmt.Errorf("%s: clew needed %d MB of memory, and promises to need no more than %d MB", j.name, all[0].rss>>20, mostMemory>>20)
	}
	clew := rate(j.tools[0], all[0].median())
	for i, t := range j.tools {
		m := all[i]
		ratio := "1"
		if i > 0 {
			ratio = fmt.Sprintf("%.2f", clew/rate(t, m.median()))
		}
		fmt.Printf("| %s | %s | %s (%s to %s) | %.0f MB/s | %s | %d MB |\n", j.name, t.name,
			short(m.median()), short(slices.Min(m.took)), short(slices.Max(m.took)), rate(t, m.median())/1e6, ratio, m.rss/1e6)
	}
	return nil
}

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

func rate(t tool, took time.Duration) float64 { return float64(t.bytes) / took.Seconds() }

func (m *measured) median() time.Duration {
	return slices.Sorted(slices.Values(m.took))[len(m.took)/2]
}

// add runs a tool. Its output goes through a pipe, because GNU grep stops at the first hit if the
// output is /dev/null.
func (m *measured) add(t tool, first bool) error {
	cmd := exec.Command(t.args[0], t.args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	n, readErr := io.ReadAtLeast(out, make([]byte, 1), 1)
	took := time.Since(start)
	io.Copy(io.Discard, out)
	err = cmd.Wait()
	if !first {
		took = time.Since(start)
	}
	if err == nil && n == 0 && readErr != nil && !t.silent() {
		err = errors.New("it has found nothing")
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said.String())
	}
	m.took = append(m.took, took)
	m.rss = max(m.rss, peak(cmd.ProcessState))
	return nil
}

// silent reports whether a tool prints nothing.
func (t tool) silent() bool { return slices.Contains(t.args, "-discard") }

// peak returns the most memory that a process had, in bytes.
func peak(state *os.ProcessState) int64 {
	unit := int64(1 << 10) // Linux
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return int64(state.SysUsage().(*syscall.Rusage).Maxrss) * unit
}

// tools are the paths of commands that are not looked up in PATH.
type tools struct{ clew, python, self string }

// jobs returns what is measured. Missing tools are left out.
func jobs(d *data, t tools) []job {
	tool := func(name string, files []string, args ...string) tool { return d.tool(name, files, args...) }
	find := func(name, id string) job {
		return job{name: name, tools: present(
			tool("clew", d.Plain, t.clew, "timeline", id),
			tool("GNU grep -F", d.Plain, "grep", "-F", id),
			tool("ripgrep -F", d.Plain, "rg", "-F", id),
		)}
	}
	list := job{name: "list of JSON", tools: present(
		tool("clew", d.JSON, t.clew, "timeline"),
		d.duckdb("DuckDB", t.python, listQuery),
		tool("jq, sort, uniq", d.JSON, "sh", "-c", `jq -r .trace_id "$@" | sort | uniq -c`, "jq"),
	)}
	return []job{
		find("find an ID of 32 digits", d.ID),
		find("find an ID of 16 digits", d.ID[16:]),
		{name: "find in gzip", tools: present(
			tool("clew", d.Gzip, t.clew, "timeline", d.ID),
			tool("decompressed in Go, files in parallel", d.Gzip, t.self, "-discard"),
			tool("gzip -dc", d.Gzip, "gzip", "-dc"),
		)},
		{name: "find in zstd", tools: present(
			tool("clew", d.Zstd, t.clew, "timeline", d.ID),
			tool("decompressed in Go, files in parallel", d.Zstd, t.self, "-discard"),
			tool("zstd -dc", d.Zstd, "zstd", "-dc"),
		)},
		list,
		{name: "list of all four formats", tools: present(tool("clew", d.Plain, t.clew, "timeline"))},
		{name: "map of JSON", tools: present(
			tool("clew", d.JSON, t.clew, "map", "-o", "json"),
			d.duckdb("DuckDB, requests by route", t.python, routesQuery),
			d.duckdb("DuckDB, requests and calls with all that a map has of them", t.python, recordsQuery),
			d.duckdb("DuckDB, joined with their callers", t.python, edgesQuery),
		)},
		{name: "map of all four formats", tools: present(tool("clew", d.Plain, t.clew, "map", "-o", "json"))},
		{name: "first byte of a trace in 100 MB", first: true, tools: present(tool("clew", d.about(100e6), t.clew, "timeline", d.ID))},
	}
}

// tool returns a tool that reads files.
func (d *data) tool(name string, files []string, args ...string) tool {
	t := tool{name: name, args: append(args, files...)}
	for _, f := range files {
		t.bytes += d.Size[f]
	}
	return t
}

// duckdb returns a tool that asks DuckDB about the lines of JSON. Each query names the columns
// that it needs.
func (d *data) duckdb(name, python, query string) tool {
	return d.tool(name, d.JSON, python, "-c", "import duckdb, sys\n"+
		`duckdb.sql("""`+query+`""", params={'files': sys.argv[1:]}).show()`)
}

const (
	// listQuery groups the lines by trace.
	listQuery = `select trace_id, min(time) as first, max(time) as last, count(*), count(distinct service),
	count(*) filter (level = 'error' or status >= 500), arg_max(route, duration_ms), max(duration_ms)
	from read_json($files, format = 'newline_delimited', columns = {level: 'VARCHAR', service: 'VARCHAR',
	time: 'TIMESTAMP', trace_id: 'VARCHAR', route: 'VARCHAR', status: 'INTEGER', duration_ms: 'DOUBLE'})
	group by trace_id order by first desc limit 50`

	// routesQuery groups the requests by route. The result shows how much traffic there is, and
	// not which service calls which.
	routesQuery = `select service, method, route, count(*), count(*) filter (status >= 500), quantile_cont(duration_ms, 0.95)
	from read_json($files, format = 'newline_delimited', columns = {service: 'VARCHAR', message: 'VARCHAR',
	method: 'VARCHAR', route: 'VARCHAR', status: 'INTEGER', duration_ms: 'DOUBLE'})
	where message = 'request' group by all`

	// recordsQuery groups requests and calls, with all numbers that a map has of them. The result
	// does not show which service calls which.
	recordsQuery = `select service, message, method, coalesce(route, host), count(*), count(*) filter (status >= 500 or status is null),
	quantile_cont(duration_ms, [0.5, 0.95, 0.99]), max(duration_ms), arg_max(trace_id, duration_ms), sum(bytes),
	count(*) filter (attempt > 1), count(*) filter (parent_id is null), min(time), max(time)
	from read_json($files, format = 'newline_delimited', columns = {service: 'VARCHAR', message: 'VARCHAR',
	method: 'VARCHAR', route: 'VARCHAR', host: 'VARCHAR', status: 'INTEGER', duration_ms: 'DOUBLE', bytes: 'BIGINT',
	attempt: 'INTEGER', time: 'TIMESTAMP', trace_id: 'VARCHAR', span_id: 'VARCHAR', parent_id: 'VARCHAR'})
	where message in ('request', 'call') group by all`

	// edgesQuery joins each call with the request that made it. The request's span is the parent
	// of the call.
	edgesQuery = `with spans as (select * from read_json($files, format = 'newline_delimited', columns = {
	service: 'VARCHAR', message: 'VARCHAR', host: 'VARCHAR', status: 'INTEGER', duration_ms: 'DOUBLE',
	trace_id: 'VARCHAR', span_id: 'VARCHAR', parent_id: 'VARCHAR'}) where message in ('request', 'call'))
	select coalesce(caller.service, ''), coalesce(call.host, call.service), count(*), count(*) filter (call.status >= 500),
	quantile_cont(call.duration_ms, 0.95)
	from spans call left join spans caller on caller.trace_id = call.trace_id and caller.span_id = call.parent_id
	group by all`
)

// present returns the tools that are installed.
func present(all ...tool) []tool {
	return slices.DeleteFunc(all, func(t tool) bool {
		_, err := exec.LookPath(t.args[0])
		if err != nil {
			fmt.Fprintf(os.Stderr, "scale: %s is not installed, and is left out\n", strings.TrimSpace(t.name))
		}
		return err != nil
	})
}

// about returns files from the middle of the logs. Together they have about size bytes. It returns
// at least one file.
func (d *data) about(size int64) []string {
	files := d.Plain[len(d.Plain)/2-4 : len(d.Plain)/2+4]
	n, sum := 0, int64(0)
	for ; n < len(files) && sum < size; n++ {
		sum += d.Size[files[n]]
	}
	return files[:n]
}
