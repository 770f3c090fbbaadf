package servicemap

// limits are the largest numbers of names, nodes and edges. They exist because hostile lines may
// each have a new name. Everything beyond a limit is merged into one, "(other)".
//
// While lines are read, the first names are kept. The limits of names are higher than the limit of
// nodes, so that the busiest nodes are kept even if their names come late.
type limits struct {
	services, hosts, operations int // names, while lines are read
	nodes, edges                int // of a graph
}

// usual are the limits of a [Builder]. Tests choose lower ones.
var usual = limits{services: 8_000, hosts: 8_000, operations: 32_000, nodes: 3_000, edges: 6_000}
