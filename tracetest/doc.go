// Package tracetest helps the tests of a service to find code that loses the trace.
//
//	func TestUpload(t *testing.T) {
//		tracetest.Guard(t) // lines and requests that lost their trace fail the test
//		lines := tracetest.Lines(t)
//		tracetest.Propagates(t, newServer(logctx.New(lines)))
//		lines.OneTrace()
//	}
package tracetest
