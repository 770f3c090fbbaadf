// Package tracetest is for the tests of services: it finds what loses the trace before it is deployed.
//
//	func TestUpload(t *testing.T) {
//		tracetest.Guard(t) // lines and requests that lost their trace fail the test
//		lines := tracetest.Lines(t)
//		tracetest.Propagates(t, newServer(logctx.New(lines)))
//		lines.OneTrace()
//	}
package tracetest
