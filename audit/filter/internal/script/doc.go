// Package script runs the JavaScript of a filter: one scope a filter, in an engine of its own,
// with limits on memory, stack and processor time.
//
// The scope has the language's own objects and nothing of the host: no file, network, process,
// timer, module or console. A scope is safe against mistakes, and not against attackers: a native
// function of the engine cannot be stopped, so that a script that means harm can keep its thread
// busy (`Array.prototype.indexOf.call({length: 2 ** 53}, 1)`).
package script
