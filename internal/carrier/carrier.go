// Package carrier lets httpclient spare trace a pass through a header.
package carrier

import "go.opentelemetry.io/otel/propagation"

// Clean is a header that has nothing left over of what a Propagator writes.
type Clean struct{ propagation.HeaderCarrier }
