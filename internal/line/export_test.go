package line

// For the tests: how many keys there are, and the limits of the parser.
const (
	Keys     = keys
	MaxDepth = maxDepth
	MaxPath  = maxPath
)

var Vendors = len(vendors)
