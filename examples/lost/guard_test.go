//go:build lost

// The test fails, so it has a build tag: go test -tags lost ./examples/lost

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/clew/tracetest"
)

func TestUpload(t *testing.T) {
	tracetest.Guard(t)
	lines := tracetest.Lines(t)
	s := newService(lines, "http://store.example")
	tracetest.Propagates(t, s.handler(), httptest.NewRequest(http.MethodPut, "/media/7", strings.NewReader("a picture")))
	s.work.Wait()
	lines.OneTrace()
}
