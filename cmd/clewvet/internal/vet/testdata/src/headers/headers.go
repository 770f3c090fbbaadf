package headers

import (
	"fmt"
	"net/http"

	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
)

func headers(w http.ResponseWriter, r *http.Request, b *trace.B3, q *resty.Request) {
	w.Header().Set("X-Trace", b.TraceID.String())      // want `use b.ID\(\)`
	r.Header.Add("X-Trace", "in "+b.TraceID.String())  // want `use b.ID\(\)`
	r.Header["X-Trace"] = []string{b.TraceID.String()} // want `use b.ID\(\)`
	w.Header().Set("X-Trace", b.ID())

	q.SetHeader("X-Trace", fmt.Sprint(b.TraceID)) // want `b.TraceID always has 32 digits, even for an ID that came with 16: use b.ID\(\)`
	m := map[string]string{}
	m["trace"] = b.TraceID.String()
	w.Header().Set("X-Span", b.SpanID.String())
}
