package zipkin

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/clew/trace"
)

// ratio is a trace.Ratio that returns its share exactly as it was set. A nil ratio has no share,
// because a Sampler decides.
type ratio struct {
	*trace.Ratio
	setting sync.Mutex    // held while the Ratio and share change together
	share   atomic.Uint64 // a float64's bits
}

func newRatio(share float64) *ratio {
	r := &ratio{Ratio: trace.NewRatio(share)}
	r.share.Store(math.Float64bits(share))
	return r
}

func (r *ratio) load() float64 {
	if r == nil {
		return math.NaN()
	}
	return math.Float64frombits(r.share.Load())
}

func (r *ratio) set(share float64) error {
	if r == nil {
		return errSampler
	}
	if !isShare(share) {
		return fmt.Errorf("zipkin: ratio %v is not between 0 and 1", share)
	}
	r.setting.Lock()
	defer r.setting.Unlock()
	r.SetRate(share)
	r.share.Store(math.Float64bits(share))
	return nil
}

// isShare reports whether x is between 0 and 1. NaN is not.
func isShare(x float64) bool { return x >= 0 && x <= 1 }

var (
	errNotRatio = errors.New("zipkin: the body is not a number between 0 and 1")
	errSampler  = errors.New("zipkin: no ratio to set: Config.Sampler decides")
)

// ServeHTTP answers GET with the ratio, as text. PUT sets the ratio.
func (r *ratio) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r == nil {
		http.Error(w, errSampler.Error(), http.StatusNotFound)
		return
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPut:
		const longest = 64
		body, err := io.ReadAll(io.LimitReader(req.Body, longest+1))
		share, parseErr := strconv.ParseFloat(strings.TrimSpace(string(body)), 64)
		if err != nil || len(body) > longest || parseErr != nil || r.set(share) != nil {
			http.Error(w, errNotRatio.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, strconv.FormatFloat(r.load(), 'g', -1, 64)+"\n")
}
