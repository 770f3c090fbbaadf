// Package script runs the JavaScript of a filter: one scope a filter, in an engine of its own,
// with limits on memory, stack and processor time.
//
// The scope has the language's own objects and nothing of the host: no file, network, process,
// timer, module or console. A scope is safe against mistakes, and not against attackers: whoever
// writes a script can keep its thread busy for seconds, again and again.
//
// A native function of the engine polls nothing (`[].indexOf.call({length: 2 ** 53}, 1)`). Where
// one call has used 2 s of the processor, the scope's memory is made inaccessible, which ends the
// function by a fault, and the script is off. On Linux and Windows the processor time of the
// thread counts. Other systems do not tell it of another thread: there, 20 s on the clock count.
//
// Each scope maps 32 MB of addresses, of which the system gives it what it uses. A process of 32
// bits has room for some dozens of scopes: New fails beyond them.
package script
