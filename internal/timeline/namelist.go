package timeline

import (
	"math"
	"strings"
)

// nameList keeps each name of a service once. The zero value is empty.
type nameList struct {
	ids   map[string]nameID
	names []string
}

// nameID stands for a name; 0: none.
type nameID uint16

// maxServiceNames is the largest number of names. More names would be an attack, and are all
// called "…".
const maxServiceNames = math.MaxUint16 - 1

// of returns the ID of a name. It shortens a very long name.
func (n *nameList) of(name string) nameID {
	if id, ok := n.ids[name]; ok || name == "" {
		return id
	}
	if n.ids == nil {
		n.ids, n.names = map[string]nameID{}, []string{"", "…"}
	}
	if len(name) > 256 {
		return n.of(short256(name))
	}
	if len(n.names) > maxServiceNames {
		return 1
	}
	id := nameID(len(n.names))
	n.names = append(n.names, strings.Clone(name))
	n.ids[n.names[id]] = id
	return id
}

// name returns the name for an ID.
func (n *nameList) name(id nameID) string {
	if id == 0 {
		return ""
	}
	return n.names[id]
}
