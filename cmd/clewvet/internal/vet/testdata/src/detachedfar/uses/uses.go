package uses

import "example.com/clew/workerpool"

var Wrap = workerpool.Wrap
