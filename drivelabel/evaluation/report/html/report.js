document.querySelectorAll('table.sort th').forEach(function(h){h.tabIndex=0;var up=1,go=function(){
var i=h.cellIndex,b=h.closest('table').tBodies[0],v=function(r){var d=r.cells[i].dataset.v;return d===undefined?r.cells[i].textContent:d===''?-1e99:+d};
up=-up;h.parentNode.querySelectorAll('th').forEach(function(o){o.removeAttribute('aria-sort')});h.setAttribute('aria-sort',up>0?'ascending':'descending');Array.from(b.rows).sort(function(p,q){var x=v(p),y=v(q);return(x<y?-1:x>y?1:0)*up}).forEach(function(r){b.append(r)})};
h.onclick=go;h.onkeydown=function(e){if(e.key==='Enter')go()}});
var fs=Array.from(document.querySelectorAll('figure.time'));
fs.forEach(function(f){f.d=f.dataset.v.split(',');f.onpointermove=function(e){
var r=f.querySelector('svg').getBoundingClientRect(),u=((e.clientX-r.left)/r.width*640-44)/592;
fs.forEach(function(g){var i=Math.floor(u*g.d.length),o=g.querySelector('output'),on=i>=0&&i<g.d.length;
o.textContent=on?(i*g.dataset.step).toFixed(1)+' s: '+g.d[i]:'';
g.style.setProperty('--x',(44+u*592)/6.4+'%');g.classList.toggle('on',on)})}});
