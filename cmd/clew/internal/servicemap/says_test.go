package servicemap_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// The sentences of breaks are correct English for all numbers.
func TestBreaksSay(t *testing.T) {
	orphans := func(n, of int) (s source) {
		for i := range of {
			id := fmt.Sprintf("%032x", i+1)
			s = append(s, request("price", id, "2", "1", float64(i), 1))
			if i >= n {
				s = append(s, call("shop", "price", id, "1", "", float64(i), 1))
			}
		}
		return s
	}
	late := source{`{"time":"2026-11-26T14:00:00Z","service":"late","trace_id":"` + wide + `","message":"the last line"}`}
	redecided := source{}
	for i := range 2000 {
		id, sampled := fmt.Sprintf("%032x", i+1), fmt.Sprintf(`"sampled":%v`, i > 0)
		redecided = append(redecided, request("price", id, "2", "1", float64(i), 1, sampled), call("shop", "price", id, "1", "", float64(i), 1, `"sampled":true`))
	}
	for says, s := range map[string]source{
		"The only request of price that names a caller names one that no line knows.":          append(orphans(1, 1), late...),
		"All 2 requests of price that name a caller name one that no line knows.":              append(orphans(2, 2), late...),
		"1 of the 3 requests of price that name a caller names one that no line knows.":        append(orphans(1, 3), late...),
		"2,000 of the 2,001 requests of price that name a caller name one that no line knows.": append(orphans(2000, 2001), late...),
		"price did not keep the sampling decision of shop in 1 of 2,000 calls.":                redecided,
		"The only line of cron has no trace ID.":                                               {`{"time":"2026-11-26T12:00:00Z","service":"cron","message":"no ID"}`},
		"are not among them: their callers may be at work.":                                    append(orphans(3, 9), late...),
	} {
		said := ""
		for _, b := range graph(t, servicemap.Config{}, s).Breaks {
			said += b.Says + "\n"
		}
		assert.Contains(t, said, says)
	}
}
