package servicemap

// limits are the most things of each kind that are kept apart, because hostile lines may have a
// new name each. All things beyond a limit count as one, "(other)".
//
// While lines are read, the names that come first are kept. Their limits are higher than the limit
// of nodes, so that the busiest are among them even if they come late.
type limits struct {
	services, hosts, operations int // names, while lines are read
	nodes, edges                int // of a graph
}

// usual are the limits of a [Builder]. Tests choose lower ones.
var usual = limits{services: 8_000, hosts: 8_000, operations: 32_000, nodes: 3_000, edges: 6_000}
