package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3/internal/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ago is the time of the events of these tests. It is six hours ago, because Compact only merges
// files that are older than an hour.
var ago = time.Now().Add(-6 * time.Hour).Truncate(time.Hour)

// write puts a file of events into a partition. The argument at is the time of the first event.
// One of the events has the item "wanted".
func write(t *testing.T, s lake.Store, number int, at time.Time, events int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(number)))
	_, err := lake.Write(t.Context(), s, fmt.Sprintf("%032x", 0x1000+number), func(yield func(lake.Event, error) bool) {
		for i := range events {
			e := lake.Event{
				Time: at.Add(time.Duration(i) * time.Millisecond), TraceID: fmt.Sprintf("%016x", random.Uint64()), App: "a", Message: "m",
				Context: map[string]string{"item": "wanted"},
			}
			if i != events/2 {
				e.Context["item"] = fmt.Sprintf("%016x%016x%016x", random.Uint64(), random.Uint64(), random.Uint64())
			}
			if !yield(e, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
}

// compactOnce returns a function for the field server.fault. It compacts the store at the first
// request for which the function at returns true. All requests are answered as usual. The flag
// done is true when the store was compacted.
func compactOnce(t *testing.T, server *server, at func(*http.Request) bool) (fault func(int, *http.Request) (*http.Response, error), done *atomic.Bool) {
	done = new(atomic.Bool)
	return func(_ int, req *http.Request) (*http.Response, error) {
		if at(req) && done.CompareAndSwap(false, true) {
			compacted, err := lake.Compact(t.Context(), server.open(t, ""), lake.CompactOptions{})
			assert.NoError(t, err)
			assert.Positive(t, compacted.Merged)
		}
		return nil, nil
	}, done
}

// A search finds all events even if the files that it has listed are merged away, before or after
// it opens them.
func TestFindWhileFilesGo(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   func(*http.Request) bool
	}{
		{"before the first end of a file is read", func(req *http.Request) bool { return req.Header.Get("Range") != "" }},
		{"before the first read of other bytes", func(req *http.Request) bool { return req.Header.Get("Range") != "" && req.Header.Get("If-Match") != "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newServer(t)
			s := server.open(t, "")
			for i := range 3 {
				write(t, s, i, ago, 10_000)
			}
			var done *atomic.Bool
			server.fault, done = compactOnce(t, server, tt.at)
			var report lake.Report
			n := 0
			for e, err := range lake.Find(t.Context(), lake.Query{Context: map[string]string{"item": "wanted"}}, &report, s) {
				require.NoError(t, err)
				assert.Equal(t, "wanted", e.Context["item"])
				n++
			}
			assert.Equal(t, 3, n)
			assert.Empty(t, report.Skipped)
			assert.True(t, done.Load())
		})
	}
}

// An answer to a listing ends within a partition, and the partition is compacted before a later
// request of the listing. The search must still find all events.
func TestFindBetweenAnswers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []int // the number of files in each partition
		at    int64 // the number of the listing request before which the partitions are compacted
		late  int   // the number of merged files of the last partition that are not deleted
	}{
		{"a partition that fits into an answer", []int{6, 8}, 2, 0},
		{"a partition that fits into an answer, and its first files stay", []int{6, 8}, 2, 4},
		{"a partition of several answers", []int{6, 24}, 2, 0},
		{"a partition of several answers, and its first files stay", []int{6, 24}, 2, 4},
		{"a partition of several answers, compacted during its first listing", []int{6, 24}, 4, 0},
		{"a partition of several answers, compacted during its first listing, and its first files stay", []int{6, 24}, 4, 10},
		{"a partition of several answers, compacted during its second listing", []int{6, 24}, 7, 0},
		{"a partition of several answers, with no other partition before it", []int{24}, 3, 0},
		{"partitions of exactly one answer, and another one", []int{10, 10, 3}, 3, 0},
	} {
		for _, warm := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, warm %v", tt.name, warm), func(t *testing.T) {
				server := newServer(t)
				server.names = 10
				s := server.open(t, "")
				n, last := 0, 0
				for p, files := range tt.files {
					last = n
					for range files {
						write(t, s, n, ago.Add(time.Duration(p)*lake.PartitionSpan), 3)
						n++
					}
				}
				if warm {
					require.Equal(t, int64(n), wanted(t, s))
				} else {
					s = server.open(t, "")
				}
				var lists atomic.Int64
				compact, done := compactOnce(t, server, func(req *http.Request) bool {
					if req.URL.Query().Has("list-type") {
						lists.Add(1)
					}
					return lists.Load() == tt.at
				})
				server.fault = func(n int, req *http.Request) (*http.Response, error) {
					if req.Method == http.MethodDelete && isFile(req, last, tt.late) {
						resp := answer(http.StatusNoContent, "")
						resp.Body, resp.ContentLength = body("")
						return resp, nil
					}
					return compact(n, req)
				}
				assert.Equal(t, int64(n), wanted(t, s))
				assert.True(t, done.Load())
			})
		}
	}
}

// wanted returns the number of events with the item "wanted" that a search finds.
func wanted(t *testing.T, s lake.Store) int64 {
	t.Helper()
	var report lake.Report
	n, err := lake.Count(t.Context(), lake.Query{Context: map[string]string{"item": "wanted"}, Since: ago, Until: ago.Add(time.Hour)}, &report, s)
	require.NoError(t, err)
	assert.Empty(t, report.Skipped)
	return n
}

// isFile reports whether a request is for one of n files, whose numbers begin with first.
func isFile(req *http.Request, first, n int) bool {
	for i := range n {
		if strings.HasSuffix(req.URL.Path, fmt.Sprintf("/%032x.parquet", 0x1000+first+i)) {
			return true
		}
	}
	return false
}

// A listing of many answers yields each name once, in the order of the names, and does not need
// many more requests than there are answers.
func TestListPartitions(t *testing.T) {
	server := newServer(t)
	server.names = 10
	s := server.open(t, "")
	var want []string
	for p, files := range []int{3, 4, 10, 7, 25, 1, 20, 9} {
		for i := range files {
			want = append(want, lake.Partition(ago.Add(time.Duration(p)*lake.PartitionSpan))+fmt.Sprintf("%02d", i))
		}
	}
	want = append(want, "year=2999/a", "year=2999/b")
	slices.Sort(want)
	for _, name := range want {
		conformance.Put(t, s, name, nil)
	}
	before := s.Requests().Lists
	assert.Equal(t, want, conformance.Names(t, s, ""))
	assert.LessOrEqual(t, s.Requests().Lists-before, int64(24))
	in := lake.Partition(ago.Add(4 * lake.PartitionSpan))
	before = s.Requests().Lists
	assert.Len(t, conformance.Names(t, s, in), 25)
	assert.Equal(t, int64(1+3+3), s.Requests().Lists-before)
}

// A file that is deleted while its partition is listed twice is still yielded. Open returns
// fs.ErrNotExist for it, even if the file's end is in the cache.
func TestListNamesWhatGoes(t *testing.T) {
	server := newServer(t)
	server.names = 10
	s := server.open(t, "")
	var want []string
	for i := range 14 {
		want = append(want, lake.Partition(ago)+fmt.Sprintf("%02d", i))
		conformance.Put(t, s, want[i], []byte("abc"))
		conformance.Get(t, s, want[i])
	}
	lists := 0
	server.fault = func(_ int, req *http.Request) (*http.Response, error) {
		if req.URL.Query().Has("list-type") {
			if lists++; lists == 4 { // the answers are 10, 10, 4, 10, 3, 0
				return nil, server.open(t, "").Delete(t.Context(), want[5])
			}
		}
		return nil, nil
	}
	assert.Equal(t, want, conformance.Names(t, s, ""))
	assert.Equal(t, 6, lists)
	_, err := s.Open(t.Context(), want[5])
	require.ErrorIs(t, err, errNotThere)
	open(t, s, want[4])
}
