package line

// Keys is the number of keys. MaxDepth and MaxPath are the limits of the parser.
const (
	Keys     = keys
	MaxDepth = maxDepth
	MaxPath  = maxPath
)

var Vendors = len(vendors)
